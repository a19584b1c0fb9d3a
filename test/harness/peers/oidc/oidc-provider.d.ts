/** The part of oidc-provider 9 that the harness uses; the package brings no types. */
declare module 'oidc-provider' {
  import type { JsonWebKey } from 'node:crypto';
  import type { RequestListener } from 'node:http';

  export interface Client {
    readonly clientId: string;
  }

  export interface ResourceServerInfo {
    scope: string;
    audience: string;
    accessTokenFormat: 'jwt';
    jwt: { sign: { alg: 'RS256' } };
  }

  export interface Context {
    status: number;
    body: unknown;
    readonly oidc: { readonly client: Client; readonly params: Readonly<Record<string, string | undefined>> };
  }

  export interface AccessToken {
    readonly accountId?: string;
    readonly clientId?: string;
    readonly expiration: number;
    resourceServer: object;
    save(): Promise<string>;
  }

  export interface JwtParts {
    readonly payload: Record<string, unknown>;
  }

  export interface Configuration {
    jwks: { keys: JsonWebKey[] };
    cookies: { keys: string[] };
    adapter: (model: string) => object;
    clients: object[];
    routes: Record<string, string>;
    scopes: string[];
    ttl: Record<string, () => number>;
    features: Record<string, { enabled: boolean; [option: string]: unknown }>;
    formats: { customizers: { jwt(context: Context, token: AccessToken, parts: JwtParts): void } };
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    readonly AccessToken: new (
      fields: object,
    ) => AccessToken;
    readonly ResourceServer: new (
      identifier: string,
      info: ResourceServerInfo,
    ) => object;
    registerGrantType(
      name: string,
      handler: (context: Context) => Promise<void>,
      parameters: readonly string[],
    ): void;
    callback(): RequestListener;
  }
}
