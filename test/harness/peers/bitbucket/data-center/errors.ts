import type { Answer } from '../../git-hosts/exchange.ts';

/** `RestErrorMessage`: https://developer.atlassian.com/server/bitbucket/rest/ */
function refuse(
  status: number,
  message: string,
  exception: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers,
    body: {
      errors: [{ context: null, message, exceptionName: `com.atlassian.bitbucket.${exception}` }],
    },
  };
}

/** A 401 also for those who are signed in, as https://github.com/sourcegraph/sourcegraph-public-snapshot has it in the tests of its bitbucketserver provider. */
export function notPermitted(): Answer {
  return refuse(401, 'You are not permitted to access this resource', 'AuthorisationException');
}

/** A wrong password and a wrong token alike. */
export function badCredentials(): Answer {
  return refuse(
    401,
    'Authentication failed. Please check your credentials and try again.',
    'auth.IncorrectPasswordAuthenticationException',
  );
}

/** https://github.com/jenkinsci/stashnotifier-plugin/issues/263: from here on a right password is refused too. */
export function captchaRequired(): Answer {
  return refuse(
    401,
    'CAPTCHA required. Your Bitbucket account has been locked. To unlock it and log in again you must solve a CAPTCHA.',
    'auth.CaptchaRequiredAuthenticationException',
    { 'www-authenticate': 'Basic realm="Atlassian Bitbucket"' },
  );
}

export function noSuchRepository(project: string, slug: string): Answer {
  return refuse(404, `Repository ${project}/${slug} does not exist.`, 'repository.NoSuchRepositoryException');
}

export function noSuchProject(project: string): Answer {
  return refuse(404, `Project ${project} does not exist.`, 'project.NoSuchProjectException');
}
