import type { Answer } from '../git-hosts/exchange.ts';

/** Where one GitHub stands: github.com, a GHE.com subdomain, or an Enterprise Server. */
export interface Site {
  readonly webHost: string;
  readonly apiHost: string;
  /** Empty, or `/api/v3` on Enterprise Server, where it is fixed. */
  readonly apiPrefix: string;
  /** `https://…`, without a trailing slash. */
  readonly apiUrl: string;
  readonly webUrl: string;
  /** `3.19.1`; undefined for github.com and GHE.com. */
  readonly enterpriseVersion: string | undefined;
  /** Enterprise Server in private mode answers nothing to anonymous requests. */
  readonly privateMode: boolean;
}

export interface SiteOptions {
  /** Default `github.com`; `SUB.ghe.com` for data residency (its API host is `api.SUB.ghe.com`). */
  host?: string;
  /** Makes it an Enterprise Server of that version, with its API under `/api/v3` of `host`. */
  enterpriseServer?: { version: string; privateMode?: boolean };
}

/** Bases as in the `servers` of GitHub's OpenAPI descriptions: https://github.com/github/rest-api-description */
export function createSite(options: SiteOptions): Site {
  const webHost = options.host ?? 'github.com';
  const server = options.enterpriseServer;
  const apiHost = server === undefined ? `api.${webHost}` : webHost;
  const apiPrefix = server === undefined ? '' : '/api/v3';
  return {
    webHost,
    apiHost,
    apiPrefix,
    apiUrl: `https://${apiHost}${apiPrefix}`,
    webUrl: `https://${webHost}`,
    enterpriseVersion: server?.version,
    privateMode: server?.privateMode ?? false,
  };
}

/** GitHub's error body. `status` is a string there: GitHub's recorded answers since 2023 have it. */
export function refuse(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  documentationUrl = 'https://docs.github.com/rest',
): Answer {
  return {
    status,
    headers,
    body: { message, documentation_url: documentationUrl, status: String(status) },
  };
}

/**
 * Absent, or present and hidden: GitHub doesn't say which.
 * https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export function notFound(): Answer {
  return refuse(404, 'Not Found');
}

/**
 * A renamed repository:
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
export function moved(url: string): Answer {
  return {
    status: 301,
    headers: { location: url },
    body: {
      message: 'Moved Permanently',
      url,
      documentation_url:
        'https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects',
    },
  };
}
