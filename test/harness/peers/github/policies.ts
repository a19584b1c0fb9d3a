import type { Answer } from '../git-hosts/exchange.ts';
import { refuse, type Site } from './site.ts';
import type { Account, Token } from './state.ts';

const dayMs = 86_400_000;

/** The 403 an organization's own rules answer to a token, or undefined when it passes all of them. */
export function refusedByPolicy(site: Site, owner: Account, token: Token): Answer | undefined {
  const { policy, login } = owner;
  if (policy.ipAllowList === true) {
    return ipAllowList(login);
  }
  if (policy.forbidsClassicTokens === true && token.kind === 'classic') {
    return forbidsClassicTokens(login);
  }
  if (
    policy.maxFineGrainedLifetimeDays !== undefined &&
    livesTooLong(token, policy.maxFineGrainedLifetimeDays)
  ) {
    return lifetimeTooLong(site, login, token, policy.maxFineGrainedLifetimeDays);
  }
  return needsSingleSignOn(owner, token) ? ssoRequired(site, login) : undefined;
}

/** True if single sign-on keeps the token out of the organization; only the classic kinds need an authorisation. */
export function needsSingleSignOn(owner: Account, token: Token): boolean {
  return (
    owner.policy.samlEnforced === true &&
    (token.kind === 'classic' || token.kind === 'oauthApp') &&
    !token.samlAuthorizedFor.has(owner.login.toLowerCase())
  );
}

/**
 * https://docs.github.com/rest/authentication/authenticating-to-the-rest-api (header; its URL ends after an
 * hour) and https://github.com/fwouts/prmonitor/issues/1042 (message).
 */
function ssoRequired(site: Site, login: string): Answer {
  return refuse(
    403,
    'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this organization.',
    {
      'x-github-sso': `required; url=${site.webUrl}/orgs/${login}/sso?authorization_request=A4LC0FFEE`,
    },
    'https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/',
  );
}

/** https://github.com/aquasecurity/trivy/issues/10567 */
function ipAllowList(login: string): Answer {
  return refuse(
    403,
    `Although you appear to have the correct authorization credentials, the \`${login}\` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.`,
  );
}

/** https://github.com/refined-github/refined-github/issues/6951 */
function forbidsClassicTokens(login: string): Answer {
  return refuse(
    403,
    `\`${login}\` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access token with fine-grained permissions.`,
  );
}

/** https://github.com/NixOS/org/issues/247; the URL has the token's id in it. */
function lifetimeTooLong(site: Site, login: string, token: Token, days: number): Answer {
  return refuse(
    403,
    `The '${login}' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater than ${days} days. Please adjust your token's lifetime at the following URL: ${site.webUrl}/settings/personal-access-tokens/${token.id}`,
  );
}

function livesTooLong(token: Token, days: number): boolean {
  return (
    token.kind === 'fineGrained' &&
    (token.expiresAtMs === undefined || token.expiresAtMs - token.createdAtMs > days * dayMs)
  );
}
