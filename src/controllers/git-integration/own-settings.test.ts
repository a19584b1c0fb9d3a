import { beforeEach, describe, expect, it } from 'vitest';
import { createOwnSettings, type OwnSettings } from './own-settings.ts';

const confirmed = { digest: 'd', adopted: false };
let nowMs: number;
let own: OwnSettings;

beforeEach(() => {
  nowMs = 0;
  own = createOwnSettings(() => nowMs);
});

const note = (key: string, more: object = { confirmed }) =>
  own.note(key, { connectionUID: 'uid', endedAtMs: nowMs, ...more });

describe('createOwnSettings', () => {
  it('tells the last write, to the connection that it went through', () => {
    note('a');
    expect(own.last('a', 'uid')).toMatchObject({ endedAtMs: 0, confirmed });
    expect(own.last('a', 'another')).toBeUndefined();
    expect(own.last('b', 'uid')).toBeUndefined();
  });

  it('tells for which request the last write was made', () => {
    note('a', { confirmed, requestedAt: 'now' });
    expect(own.handledFor('a')).toBe('now');
    own.forget('a');
    expect(own.handledFor('a')).toBeUndefined();
  });

  it('counts what is confirmed and not taken down, each object once', () => {
    note('a');
    note('a');
    note('b', {});
    expect(own.unsettled).toBe(1);
    own.forget('a');
    own.forget('b');
    expect(own.unsettled).toBe(0);
  });

  it('keeps nothing for longer than listings are in use', () => {
    note('a');
    nowMs = 10 * 60_000;
    note('b');
    expect(own.last('a', 'uid')).toBeUndefined();
    expect(own.unsettled).toBe(1);
  });
});
