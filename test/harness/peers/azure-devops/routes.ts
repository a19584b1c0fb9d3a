import type { Answer, Question } from '../git-hosts/exchange.ts';
import { answerByRoute, type RoutedQuestion } from '../git-hosts/routes.ts';
import { authenticate, type Caller } from './authentication.ts';
import {
  addressRefused,
  expired,
  noSuchProject,
  noSuchRepository,
  notFoundPage,
  signInPage,
  unauthorized,
} from './errors.ts';
import { type AzureDevOpsState, type Organization, repositoryKey, type User } from './state.ts';

interface Context {
  state: AzureDevOpsState;
  site: { isServer: boolean; realm: string };
  organization: Organization;
  now: () => number;
}

/** The identity of anonymous requests, in organizations with public projects. */
const nobody = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';

/** What stands below one organization or collection. */
export async function answerApi(context: Context, question: Question, path: string): Promise<Answer> {
  const { state, organization, site } = context;
  const caller = authenticate(state, organization, question, context.now());
  if (caller.kind === 'expired') {
    return expired();
  }
  if (caller.kind === 'refused') {
    return unauthorized(site.realm);
  }
  if (organization.refusesAddresses && caller.kind === 'user') {
    return addressRefused();
  }
  const told = await answerByRoute(
    [
      {
        method: 'GET',
        path: '/_apis/connectionData',
        answer: () => connectionData(context, question, caller),
      },
      {
        method: 'GET',
        path: '/{project}/_apis/git/repositories/{repository}',
        answer: (routed) => repository(context, routed, caller),
      },
    ],
    question,
    path,
  );
  return told ?? (caller.kind === 'user' ? notFoundPage() : turnAway(context, question));
}

/** Any token may ask who it is, whatever its scopes. */
function connectionData(context: Context, question: Question, caller: Caller): Answer {
  if (caller.kind === 'user') {
    return {
      status: 200,
      headers: userData(caller.user),
      body: identityBody(context, identityOf(caller.user)),
    };
  }
  if (!context.organization.hasPublicProjects) {
    return turnAway(context, question);
  }
  // https://github.com/microsoft/azure-pipelines-agent/issues/2565 has the shape, with a real user.
  const identity = {
    id: nobody,
    descriptor: `System:PublicAccess;${nobody}`,
    providerDisplayName: 'Anonymous',
    isActive: true,
    properties: {},
  };
  return { status: 200, body: identityBody(context, identity) };
}

/** https://learn.microsoft.com/rest/api/azure/devops/git/repositories/get-repository */
function repository(context: Context, question: RoutedQuestion, caller: Caller): Answer {
  const { state, organization, site } = context;
  if (caller.kind !== 'user') {
    return turnAway(context, question);
  }
  const { token, user } = caller;
  if (!token.scopes.some((scope) => /^(app_token|vso\.code(_.*)?)$/.test(scope))) {
    return unauthorized(site.realm);
  }
  const project = question.param('project');
  const name = question.param('repository');
  const projects = [...state.repositories.values()].filter(
    (each) => each.organization === organization.name && each.project.toLowerCase() === project.toLowerCase(),
  );
  if (projects.length === 0) {
    return noSuchProject(project);
  }
  const found = state.repositories.get(repositoryKey(organization.name, project, name));
  if (found === undefined || !found.readers.has(user.account)) {
    return noSuchRepository(name);
  }
  return {
    status: 200,
    headers: userData(user),
    body: {
      id: found.id,
      name: found.name,
      url: `${site.realm}/${organization.name}/_apis/git/repositories/${found.id}`,
      project: { id: nobody, name: found.project, state: 'wellFormed' },
      defaultBranch: 'refs/heads/main',
      isDisabled: false,
    },
  };
}

/**
 * A browser is led to the sign-in page, a program that says that it is one gets a 401, and a self-managed server
 * says 401 to both.
 */
function turnAway({ site }: Context, question: Question): Answer {
  const isProgram = question.header('x-tfs-fedauthredirect')?.toLowerCase() === 'suppress';
  return site.isServer || isProgram ? unauthorized(site.realm) : signInPage();
}

function identityOf({ id, account }: User): Record<string, unknown> {
  return {
    id,
    descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;${nobody.replaceAll('a', 'b')}\\${account}`,
    subjectDescriptor: `aad.${Buffer.from(id).toString('base64url')}`,
    providerDisplayName: account.split('@')[0],
    isActive: true,
    properties: { Account: { $type: 'System.String', $value: account } },
    resourceVersion: 2,
    metaTypeId: 0,
  };
}

function identityBody({ site }: Context, identity: Record<string, unknown>): Record<string, unknown> {
  return {
    authenticatedUser: identity,
    authorizedUser: identity,
    instanceId: nobody.replaceAll('a', 'c'),
    deploymentId: nobody.replaceAll('a', 'd'),
    deploymentType: site.isServer ? 'onPremises' : 'hosted',
    locationServiceData: { serviceOwner: nobody, defaultAccessMappingMoniker: 'HostGuidAccessMapping' },
  };
}

function userData({ id, account }: User): Record<string, string> {
  return { 'x-vss-userdata': `${id}:${account}` };
}
