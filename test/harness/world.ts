import { randomUUID } from 'node:crypto';
import { createAzureDevOps } from './peers/azure-devops/azure-devops.ts';
import { createBitbucketCloud } from './peers/bitbucket/cloud/bitbucket-cloud.ts';
import { type CodeMiePeer, createCodeMiePeer } from './peers/codemie/codemie-peer.ts';
import type { CodeMieUser } from './peers/codemie/directory.ts';
import { createGitHub } from './peers/github/github.ts';
import { createGitLab } from './peers/gitlab/gitlab.ts';
import { startInternet } from './peers/internet.ts';
import type { OidcUser } from './peers/oidc/accounts.ts';
import { createOidcPeer } from './peers/oidc/oidc-peer.ts';
import type { Peer } from './peers/peer.ts';

/** Everything outside of the cluster, as one piece: CodeMie, its identity provider and the Git hosts. */
export type World = Awaited<ReturnType<typeof startWorld>>;

export interface WorldOptions {
  /** One line per answered request, without query, headers and body. */
  log?: (line: string) => void;
  /** The operator's secret at the identity provider. */
  clientSecret?: string;
  /** People who can sign in with a password and are members of every project. */
  users?: readonly OidcUser[];
  /** Servers in addition to the usual ones, such as self-managed Git hosts. */
  peers?: readonly Peer[];
  /**
   * Which of CodeMie's modes: `codemie`, where an administrator gives rights in CodeMie, or `keycloak`, its default,
   * where they are attributes of Keycloak's users. Default `codemie`.
   */
  rights?: 'codemie' | 'keycloak';
  /** Projects of CodeMie; the operator's login is an administrator of each. Default `demo`. */
  projects?: readonly string[];
  /** Hosts of further CodeMie servers with the same projects, users and login as the first. */
  furtherCodeMieHosts?: readonly string[];
}

/** The client that the examples name. */
export const operatorClientId = 'codemie-git-operator';

/**
 * Starts the servers under their real names. The operator's login is an administrator of the projects and of
 * nothing else, as an administrator of CodeMie would set it up.
 */
export async function startWorld({
  log,
  clientSecret = randomUUID(),
  users = [],
  peers = [],
  projects = ['demo'],
  rights = 'codemie',
  furtherCodeMieHosts = [],
}: WorldOptions = {}) {
  const subject = randomUUID();
  const userManagement = rights === 'codemie';
  // With user management CodeMie's own tables decide; a token with a thousand names would fit in no header.
  const inToken = !userManagement || projects.length <= 100;
  const oidc = createOidcPeer({
    users,
    clients: [
      {
        clientId: operatorClientId,
        clientSecret,
        account: {
          subject,
          username: `service-account-${operatorClientId}`,
          email: `${operatorClientId}@example.com`,
          attributes: inToken ? { applications: projects.join(), applications_admin: projects.join() } : {},
        },
      },
    ],
  });
  const populate = (codemie: CodeMiePeer): CodeMieUser => {
    for (const project of projects) codemie.addProject(project);
    const login = codemie.addUser({
      id: subject,
      username: `service-account-${operatorClientId}`,
      projectAdminOf: projects,
    });
    for (const { subject: id, username } of users) codemie.addUser({ id, username, memberOf: projects });
    return login;
  };
  const codemie = createCodeMiePeer({ identityProvider: oidc, userManagement });
  const login = populate(codemie);
  const furtherCodeMies = furtherCodeMieHosts.map((host) =>
    createCodeMiePeer({ host, identityProvider: oidc, userManagement }),
  );
  for (const further of furtherCodeMies) populate(further);
  const github = createGitHub();
  const gitlab = createGitLab();
  const bitbucket = createBitbucketCloud();
  const azureDevOps = createAzureDevOps();
  const internet = await startInternet({
    peers: [oidc, codemie, ...furtherCodeMies, github, gitlab, bitbucket, azureDevOps, ...peers],
    ...(log && { log }),
  });
  return {
    internet,
    oidc,
    codemie,
    furtherCodeMies,
    github,
    gitlab,
    bitbucket,
    azureDevOps,
    clientSecret,
    /** The operator's user in CodeMie. */
    login,
    /** What makes a process meet these servers and nothing else. */
    operatorEnv: {
      HTTPS_PROXY: internet.proxyUrl,
      CODEMIE_OPERATOR_CA_FILE: internet.caFile,
      // The first refusal is a verdict; how one is confirmed is the matter of refusals.test.ts.
      CODEMIE_OPERATOR_REFUSAL_WINDOW: '0s',
    },
    /** Ends every fault that a test has ordered of any server. */
    calm() {
      internet.clearFaults();
      oidc.setFault(undefined);
      for (const host of [github, gitlab, bitbucket, azureDevOps]) host.clearFaults();
      for (const each of [codemie, ...furtherCodeMies]) each.calm();
    },
    close: () => internet.close(),
  };
}

/** `spec.auth` of a connection with the operator's login, whose secret is in a Secret of that name. */
export function clientCredentials({ oidc }: World, secretName: string) {
  return {
    clientCredentials: {
      tokenURL: oidc.tokenUrl,
      clientID: operatorClientId,
      clientSecretRef: { name: secretName },
    },
  };
}
