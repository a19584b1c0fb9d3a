/** Who a token speaks for. */
export interface OidcAccount {
  /** A UUID, as Keycloak's: CodeMie refuses another `sub`. */
  readonly subject: string;
  readonly username: string;
  readonly email: string;
  /** Realm roles; CodeMie takes `admin` for its administrator. */
  readonly roles?: readonly string[];
}

/** A confidential client with a service account, for the grant `client_credentials`. */
export interface OidcClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly account: OidcAccount;
}

/** A person, for the grant `password` through the public client `codemie-sdk`. */
export interface OidcUser extends OidcAccount {
  readonly password: string;
}

/** The claims Keycloak adds to an access token beside the registered ones. */
export function claimsOf(account: OidcAccount, clientId: string): Record<string, unknown> {
  return {
    sub: account.subject,
    azp: clientId,
    email: account.email,
    preferred_username: account.username,
    name: account.username,
    groups: [],
    realm_access: { roles: account.roles ?? [] },
  };
}
