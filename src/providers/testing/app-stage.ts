import { createGitHub, type GitHub } from '../../../test/harness/peers/github/github.ts';
import { github } from '../github/github.ts';
import type {
  Credential,
  CredentialReport,
  Installation,
  InstallationSelector,
  Target,
} from '../provider.ts';
import { newKey } from './github.ts';
import { openWorld, type World } from './world.ts';

/** A GitHub with two Apps, and the operator's way to ask it as the first of them. */
export interface AppStage {
  peer: GitHub;
  world: World;
  /** The App 12, `my-app` of acme. */
  app: Extract<Credential, { kind: 'githubApp' }>;
  targetOf(change?: Partial<Target>): Target;
  validate(credential?: Credential, change?: Partial<Target>): Promise<CredentialReport>;
  resolve(selector: InstallationSelector, change?: Partial<Target>): Promise<Installation>;
  /**
   * Puts everything back: the App 12 is installed for acme (100), for octocat with one of two repositories (101) and for beta
   * (102), the App 13 for acme (200).
   */
  reset(): void;
}

/** What CodeMie's documentation asks of an App, as GitHub writes it. */
export const allPermissions = { contents: 'write', pull_requests: 'write', metadata: 'read' } as const;

/** Starts it. `world` is to be closed. */
export async function openAppStage(): Promise<AppStage> {
  const peer = createGitHub();
  const app = { kind: 'githubApp', appId: '12', privateKey: newKey() } as const;
  peer.addApp({ id: 13, privateKey: newKey() });
  for (const organization of ['acme', 'beta']) peer.addOrganization(organization);
  for (const fullName of ['acme/app', 'octocat/one', 'octocat/two']) peer.addRepository({ fullName });
  const world = await openWorld([peer]);
  const targetOf: AppStage['targetOf'] = (change) => world.target(github, 'https://github.com', change);
  const validate: AppStage['validate'] = (credential = app, change) =>
    github.validate(credential, targetOf(change));
  return {
    peer,
    world,
    app,
    targetOf,
    validate,
    async resolve(selector, change) {
      if (!github.resolveInstallation) throw new TypeError('GitHub has installations.');
      return github.resolveInstallation(app, selector, targetOf(change), await validate());
    },
    reset() {
      peer.clearFaults();
      peer.setClock(() => Date.now());
      peer.addApp({
        id: 12,
        privateKey: app.privateKey,
        slug: 'my-app',
        owner: 'acme',
        permissions: allPermissions,
      });
      const one = ['octocat/one'];
      peer.addInstallation({ appId: 12, account: 'acme', id: 100 });
      peer.addInstallation({
        appId: 12,
        account: 'octocat',
        accountType: 'User',
        id: 101,
        repositories: one,
      });
      peer.addInstallation({ appId: 12, account: 'beta', id: 102 });
      peer.addInstallation({ appId: 13, account: 'acme', id: 200 });
      peer.requests.length = 0;
    },
  };
}
