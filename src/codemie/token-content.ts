import { z } from 'zod';
import { bounds } from '../lib/bounds.ts';

/**
 * What a token says about itself, as far as CodeMie's set-up in Keycloak asks for it. It only serves to explain what
 * CodeMie did: nothing is verified, nothing depends on it, and no value of it is shown.
 */
export interface TokenContent {
  /** Undefined where the token does not say. */
  scopes: ReadonlySet<string> | undefined;
  /** Realm roles; undefined where the token does not say. */
  roles: ReadonlySet<string> | undefined;
  email: boolean;
  /** First and last name. */
  names: boolean;
  /** The attribute with the projects that the user administers. */
  applicationsAdmin: boolean;
  /** Whether one of those projects is in the attribute `applications`, too; CodeMie counts no other. */
  administersOwn: boolean;
  /** The claims that there are, of whatever form. */
  claims: ReadonlySet<string>;
}

/** Projects as a user attribute has them: names with commas between them, or several values. */
const projectList = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .catch(undefined)
  .transform((list) =>
    [list ?? []]
      .flat()
      .flatMap((names) => names.split(','))
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );

const words = z.string().transform((text) => new Set(text.split(' ')));

/** https://www.rfc-editor.org/rfc/rfc9068#section-2.2 and Keycloak's `AccessToken`. A claim of another form says nothing. */
const claims = z.looseObject({
  scope: words.optional().catch(undefined),
  realm_access: z
    .object({ roles: z.array(z.string()) })
    .optional()
    .catch(undefined),
  email: z.string().min(1).optional().catch(undefined),
  given_name: z.string().min(1).optional().catch(undefined),
  family_name: z.string().min(1).optional().catch(undefined),
  applications: projectList,
  applications_admin: projectList,
});

/** Reads a token; undefined if it is no JSON Web Token. */
export function readToken(token: string): TokenContent | undefined {
  const { data } = claims.safeParse(payloadOf(token));
  return (
    data && {
      scopes: data.scope,
      roles: data.realm_access && new Set(data.realm_access.roles),
      email: data.email !== undefined,
      names: data.given_name !== undefined && data.family_name !== undefined,
      applicationsAdmin: data.applications_admin.length > 0,
      administersOwn: data.applications_admin.some((name) => data.applications.includes(name)),
      claims: new Set(Object.entries(data).flatMap(([name, value]) => (value === undefined ? [] : [name]))),
    }
  );
}

const times = z.object({ iat: z.number(), exp: z.number() });

/**
 * For how long a JSON Web Token is good, milliseconds, by the difference of two times in it: no clock matters.
 * Undefined where it does not say.
 */
export function lifetimeOf(token: string): number | undefined {
  const { data } = times.safeParse(payloadOf(token));
  return data && (data.exp - data.iat) * 1000;
}

/** The claims of a JSON Web Token, to be parsed by the caller; undefined if it is none, or longer than any server takes. */
function payloadOf(token: string): unknown {
  const [, payload, signature, ...rest] = token.split('.', 4);
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  if (payload.length > bounds.tokenPayload.maxChars) return undefined;
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  } catch {
    return undefined;
  }
}
