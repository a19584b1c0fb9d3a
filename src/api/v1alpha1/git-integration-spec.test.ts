import { describe, expect, it } from 'vitest';
import { keepsRow, parseGitIntegrationSpec, parsePlace } from './git-integration-spec.ts';

const spec = {
  provider: 'GitHub',
  project: 'demo',
  auth: { token: { secretRef: { name: 'token' } } },
};
const broken = { ...spec, syncInterval: 'soon', provider: 'Gitea', auth: {} };

describe('keepsRow', () => {
  it.each([
    ['Delete by default', spec, false],
    ['Delete', { ...spec, deletionPolicy: 'Delete' }, false],
    ['Orphan', { ...spec, deletionPolicy: 'Orphan' }, true],
    ['Orphan, whatever is wrong elsewhere', { ...broken, deletionPolicy: 'Orphan' }, true],
    ['Delete, whatever is wrong elsewhere', { ...broken, deletionPolicy: 'Delete' }, false],
    ['a value of a newer release', { ...spec, deletionPolicy: 'Retain' }, true],
  ])('%s', (_name, value, want) => {
    expect(keepsRow(value)).toBe(want);
  });
});

describe('parsePlace', () => {
  const connectionRef = { kind: 'ClusterCodeMieConnection', name: 'default' };

  it('has the defaults of the whole spec', () => {
    const whole = parseGitIntegrationSpec(spec);
    expect(whole).toMatchObject({ ok: true, value: { connectionRef, project: 'demo', scope: 'Project' } });
    expect(parsePlace(spec)).toEqual({ connectionRef, project: 'demo', scope: 'Project' });
  });

  it('is read whatever is wrong elsewhere', () => {
    expect(parsePlace({ ...broken, scope: 'User' })).toEqual({
      connectionRef,
      project: 'demo',
      scope: 'User',
    });
  });

  it.each([{ project: '' }, { project: 5 }, { connectionRef: { name: '../x' } }, { scope: 'Team' }])(
    'is not guessed from %o',
    (change) => {
      expect(parsePlace({ ...spec, ...change })).toBeUndefined();
    },
  );
});
