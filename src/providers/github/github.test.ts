import { createGitHub } from '../../../test/harness/peers/github/github.ts';
import { describeConformance } from '../conformance.ts';
import { sites } from '../testing/github.ts';
import { github } from './github.ts';

for (const { host, peer: options } of sites) {
  const peer = createGitHub(options);
  peer.addToken({ token: 'ghp_conformance', login: 'octocat' });
  describeConformance({
    provider: github,
    peer,
    webUrl: `https://${host}`,
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
}
