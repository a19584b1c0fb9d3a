import { beforeEach, describe, expect, it } from 'vitest';
import { type CircuitBreaker, type Contact, createCircuitBreaker } from './circuit-breaker.ts';

const host = 'git.example.com';
const tenant = 'team-a';
let now: number;
let breaker: CircuitBreaker;

beforeEach(() => {
  now = 1_000_000;
  breaker = createCircuitBreaker({ now: () => now, threshold: 3, pauseMs: 30_000, longestPauseMs: 100_000 });
});

/** How long requests to the host are paused from now on, in seconds. */
const pauseS = (name = host, of = tenant): number => ((breaker.pausedUntilMs(of, name) ?? now) - now) / 1000;

function ask(contact: Contact, name = host): void {
  breaker.started(tenant, name);
  breaker.ended(tenant, name, contact);
}

function timeOut(times: number): void {
  for (let time = 0; time < times; time += 1) ask('timedOut');
}

describe('a host', () => {
  it('is asked until it has timed out three times in a row', () => {
    timeOut(2);
    expect(pauseS()).toBe(0);
    timeOut(1);
    expect(pauseS()).toBe(30);
  });

  it('starts again with every answer', () => {
    timeOut(2);
    ask('answered');
    timeOut(2);
    expect(pauseS()).toBe(0);
  });

  it('is not counted when a request was given up', () => {
    timeOut(2);
    ask('unknown');
    expect(pauseS()).toBe(0);
    timeOut(1);
    expect(pauseS()).toBe(30);
  });

  it('does not pause another, nor the same for another tenant', () => {
    timeOut(3);
    expect(pauseS('other.example.com')).toBe(0);
    expect(pauseS(host, 'team-b')).toBe(0);
  });

  it('is not forgotten for all the servers of another tenant that hang', () => {
    timeOut(3);
    for (let port = 0; port < 10_000; port++) breaker.ended('team-b', `${host}:${port}`, 'timedOut');
    expect(pauseS()).toBe(30);
  });
});

describe('after the pause', () => {
  beforeEach(() => {
    timeOut(3);
    now += 30_000;
  });

  it('one request finds out, and the others wait for it', () => {
    expect(pauseS()).toBe(0);
    breaker.started(tenant, host);
    expect(pauseS()).toBe(30);
  });

  it('an answer ends it all', () => {
    ask('answered');
    expect(pauseS()).toBe(0);
    timeOut(2);
    expect(pauseS()).toBe(0);
  });

  it('each further timeout doubles it, up to the longest', () => {
    const pauses = Array.from({ length: 4 }, () => {
      ask('timedOut');
      const pause = pauseS();
      now += pause * 1000;
      return pause;
    });
    expect(pauses).toEqual([60, 100, 100, 100]);
  });

  it('one that was given up leaves it to the next', () => {
    ask('unknown');
    expect(pauseS()).toBe(0);
    breaker.started(tenant, host);
    expect(pauseS()).toBe(30);
  });
});

it('is not made longer by the requests that were under way when it began', () => {
  for (let request = 0; request < 5; request += 1) breaker.started(tenant, host);
  for (let request = 0; request < 5; request += 1) breaker.ended(tenant, host, 'timedOut');
  expect(pauseS()).toBe(30);
});
