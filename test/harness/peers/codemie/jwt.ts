import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

const headerSchema = z.object({ alg: z.string(), kid: z.string().optional() });

const claimsSchema = z.object({
  iss: z.string().optional(),
  sub: z.string().default(''),
  aud: z.string().optional(),
  /** Seconds since 1970; a token without is long expired. */
  exp: z.number().default(0),
  iat: z.number().default(0),
  email: z.string().optional(),
  preferred_username: z.string().optional(),
  realm_access: z.object({ roles: z.array(z.string()) }).default({ roles: [] }),
});

type Claims = z.infer<typeof claimsSchema>;

/** A JSON Web Token decoded, not verified. */
export interface DecodedToken {
  readonly keyId: string | undefined;
  readonly claims: Claims;
  /** RS256, the only algorithm CodeMie takes. */
  isSignedBy(key: KeyObject): boolean;
}

/** Undefined for what isn't three segments of base64url JSON. */
export function decodeToken(token: string): DecodedToken | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  const fields = parseSegment(header, headerSchema);
  const claims = parseSegment(payload, claimsSchema);
  if (fields === undefined || claims === undefined) {
    return undefined;
  }
  return {
    keyId: fields.kid,
    claims,
    isSignedBy: (key) =>
      fields.alg === 'RS256' &&
      verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')),
  };
}

/** A token of RS256. */
export function signToken(claims: Readonly<Record<string, unknown>>, key: KeyObject): string {
  const content = [{ alg: 'RS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}

function parseSegment<T>(segment: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(segment, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}
