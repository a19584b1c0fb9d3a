import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import { describeConformance } from '../conformance.ts';
import { github } from './github.ts';

const peer = createGitHub();
peer.addToken({ token: 'ghp_conformance', login: 'octocat' });

describeConformance({
  provider: github,
  peer,
  webUrl: 'https://github.com',
  good: { kind: 'token', token: 'ghp_conformance' },
  report: {
    kind: 'ClassicPersonalAccessToken',
    account: 'octocat',
    scopes: ['project', 'repo'],
    permissions: 'Sufficient',
    missing: [],
  },
  foreignUrl: 'https://gitlab.com',
});
