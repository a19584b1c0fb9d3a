import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startControlPlane } from '../../test/harness/control-plane/control-plane.ts';
import { kubectl } from '../../test/harness/kubectl.ts';
import { startOperator } from '../../test/harness/operator-process.ts';
import { startWorld, type World } from '../../test/harness/world.ts';
import { step } from './terminal.ts';

/** The folder with the manifests of this project. */
export const projectFolder = join(import.meta.dirname, '..', '..');

/** What the Secrets of the examples hold instead of their placeholders, by name of the Secret. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A cluster with the operator in it, and everything around it. */
export type Stage = Awaited<ReturnType<typeof setStage>>;

/** The project and organization that the examples name. */
const project = 'demo';
const organization = 'acme';
const appId = 123456;

/**
 * Starts a control plane, CodeMie, its identity provider and the Git hosts, installs the CRDs and starts
 * the operator. Nothing of it needs Docker or the Internet.
 */
export async function setStage(signal: AbortSignal) {
  const running: (() => Promise<unknown>)[] = [];
  const clear = async (): Promise<void> => {
    for (const stop of running.toReversed()) await stop();
  };
  try {
    const controlPlane = await step('A Kubernetes API server', (log) =>
      startControlPlane({ log, signal, soonest: true }),
    );
    running.push(() => controlPlane.stop());
    const kubeconfig = controlPlane.kubeconfigPath;

    const password = randomUUID();
    const person = { subject: randomUUID(), username: 'alice', email: 'alice@example.com', password };
    const world = await step(
      'CodeMie, Keycloak, GitHub, GitLab, Bitbucket and Azure DevOps, under their names',
      () => startWorld({ projects: [project], users: [person] }),
    );
    running.push(() => world.close());
    const secrets = { ...prepareGitHosts(world), ...loginSecrets(world.clientSecret, person) };

    const run = async (args: string[], input?: string): Promise<string> => {
      const { code, stdout, stderr } = await kubectl(args, {
        kubeconfig,
        ...(input !== undefined && { input }),
      });
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
      return stdout.trimEnd();
    };
    await step('The CRDs of this project', async () => {
      await run(['apply', '--server-side', '-f', join(projectFolder, 'crds')]);
      await run(['wait', '--for=condition=Established', '-f', join(projectFolder, 'crds')]);
      await run(['create', 'namespace', 'codemie-system']);
    });
    const operator = await step('The operator', () =>
      startOperator({ kubeconfig, env: world.operatorEnv, args: ['--cluster-name=demo'] }),
    );
    running.push(() => operator.stop());
    return { kubeconfig, world, operator, run, secrets, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** Creates the accounts at the Git hosts. GitHub's token of `github-pat` is left out: the examples forgot it. */
function prepareGitHosts({ github, gitlab, bitbucket, azureDevOps }: World): SecretValues {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const tokens = {
    github: `ghp_${randomUUID()}`,
    gitlab: `glpat-${randomUUID()}`,
    gitlabOfUser: `glpat-${randomUUID()}`,
    bitbucket: `ATCTT${randomUUID()}`,
    azureDevOps: randomUUID(),
  };
  const soon = new Date(Date.now() + 200 * 24 * 3600_000);
  github.addOrganization(organization);
  github.addRepository({ fullName: `${organization}/shop`, collaborators: { octocat: 'push' } });
  github.addToken({ token: tokens.github, login: 'octocat', expiresAt: soon });
  github.addApp({ id: appId, privateKey: pem });
  github.addInstallation({ appId, account: organization, id: 7890 });
  gitlab.addToken({ token: tokens.gitlab, username: 'ci-bot', expiresOn: soon.toISOString().slice(0, 10) });
  gitlab.addToken({ token: tokens.gitlabOfUser, username: 'alice' });
  bitbucket.addRepository({ fullName: `${organization}/shop` });
  bitbucket.addToken({
    token: tokens.bitbucket,
    kind: 'repo_access_token',
    resource: `${organization}/shop`,
    scopes: ['repository', 'repository:write', 'project', 'project:admin', 'account'],
  });
  azureDevOps.addOrganization(organization);
  azureDevOps.addToken({ token: tokens.azureDevOps, organization });
  return {
    'github-token': { token: tokens.github },
    'gitlab-pat': { token: tokens.gitlab },
    'gitlab-of-user': { token: tokens.gitlabOfUser },
    'bitbucket-token': { token: tokens.bitbucket },
    'azure-devops-pat': { token: tokens.azureDevOps },
    'github-app': { privateKey: pem },
    'github-app-flux': { githubAppPrivateKey: pem },
  };
}

function loginSecrets(clientSecret: string, person: { username: string; password: string }): SecretValues {
  const { username, password } = person;
  return { 'codemie-login': { clientSecret }, 'codemie-user': { username, password } };
}
