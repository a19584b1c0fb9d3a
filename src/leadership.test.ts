import { describe, expect, it } from 'vitest';
import { leaseName } from './leadership.ts';
import { parseLabelSelector } from './lib/label-selector.ts';

describe('leaseName', () => {
  it('is the plain name without shards', () => {
    expect(leaseName('op', undefined)).toBe('op');
  });

  it('is one for a selector, however it is written, and good for a Kubernetes name', () => {
    const name = leaseName('op', parseLabelSelector('shard in (a,b)'));
    expect(name).toMatch(/^op-[0-9a-f]{10}$/);
    expect(leaseName('op', parseLabelSelector(' shard in ( b, a )'))).toBe(name);
    expect(leaseName('op', parseLabelSelector('shard notin (a,b)'))).not.toBe(name);
  });
});
