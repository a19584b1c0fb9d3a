import { describe, expect, it } from 'vitest';
import { environmentOf, expand, fieldOf, type PodFacts } from './environment.ts';

const facts: PodFacts = {
  name: 'op-1',
  namespace: 'system',
  uid: 'u',
  labels: { app: 'op' },
  annotations: {},
  nodeName: 'node',
  serviceAccountName: 'op',
  podIP: '127.0.1.2',
  hostIP: '127.0.0.1',
};

describe('expand', () => {
  it.each([
    ['a variable', '$(HOST):8080', 'h:8080'],
    ['an unknown one', '$(NONE)', '$(NONE)'],
    ['an escaped one', '$$(HOST)', '$(HOST)'],
    ['a dollar', 'a$b $', 'a$b $'],
    ['two of them', '$(HOST)$(PORT)', 'h1'],
  ])('reads %s as a kubelet does', (_name, text, want) => {
    expect(expand(text, { HOST: 'h', PORT: '1' })).toBe(want);
  });
});

describe('environmentOf', () => {
  const lookup = (kind: string, name: string, key: string): Promise<string | undefined> =>
    Promise.resolve(name === 'there' ? `${kind} ${key}` : undefined);

  it('takes values from where the spec says, in order', async () => {
    const env = [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'ADDRESS', value: '$(IP):8081' },
      { name: 'EARLY', value: '$(LATE)' },
      { name: 'LATE', value: 'x' },
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'there', key: 't', optional: false } } },
      { name: 'MAYBE', valueFrom: { configMapKeyRef: { name: 'gone', key: 't', optional: true } } },
    ];
    expect(await environmentOf({ env }, { PATH: '/bin' }, facts, lookup)).toEqual({
      PATH: '/bin',
      IP: '127.0.1.2',
      ADDRESS: '127.0.1.2:8081',
      EARLY: '$(LATE)',
      LATE: 'x',
      TOKEN: 'secret t',
    });
  });

  it('does without no key that has to be there', async () => {
    const env = [{ name: 'T', valueFrom: { secretKeyRef: { name: 'gone', key: 't', optional: false } } }];
    await expect(environmentOf({ env }, {}, facts, lookup)).rejects.toThrow('no key t in gone');
  });
});

describe('fieldOf', () => {
  it('knows labels', () => {
    expect(fieldOf(facts, "metadata.labels['app']")).toBe('op');
  });

  it('refuses what it does not know', () => {
    expect(() => fieldOf(facts, 'spec.hostname')).toThrow('can not be had');
  });
});
