/** The accounts of tokens, as an administrator sets them up in Keycloak. */
export interface OidcAccount {
  /** A UUID, as Keycloak's: CodeMie refuses another `sub`. */
  readonly subject: string;
  readonly username: string;
  /** Undefined: none, which Keycloak allows. */
  readonly email?: string | undefined;
  /** Default `CodeMie Operator`; undefined for none. */
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  /** Realm roles. Default `developer`; CodeMie takes `admin` for its administrator. */
  readonly roles?: readonly string[];
  /** User attributes, each value as it is typed: `applications` is a list with commas. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A confidential client with a service account, for the grant `client_credentials`. */
export interface OidcClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly account: OidcAccount;
  /** Client scopes besides those that Keycloak gives every client. Default `codemie`. */
  readonly scopes?: readonly string[];
}

/** A human user, for the grant `password` through the public client `codemie-sdk`. */
export interface OidcUser extends OidcAccount {
  readonly password: string;
}
