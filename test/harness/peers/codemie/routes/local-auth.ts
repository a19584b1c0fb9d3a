import { applicationError, schemaError } from '../api-error.ts';
import type { Backend } from '../backend.ts';
import { jsonBody } from '../http.ts';
import type { Route } from '../router.ts';
import { profile } from './account.ts';

const windowMs = 15 * 60_000;

/**
 * `/v1/local-auth/login`, CodeMie's own sign-in, and the only thing it limits: `attempts` in 15 minutes of
 * one client address (5 as shipped). The 429 does not say when to come back. A failure of
 * the server counts, too.
 *
 * Source: routers/local_auth_router.py of codemie-ai/codemie at 2a481c2, run.
 */
export function localAuthRoutes(backend: Backend, attempts: number): Route[] {
  let recent: number[] = [];
  return [
    {
      method: 'POST',
      path: '/v1/local-auth/login',
      handle(request) {
        const body = jsonBody(request);
        const { email, password } = parseLogin(body);
        const now = backend.now();
        recent = recent.filter((at) => at > now - windowMs);
        if (recent.length >= attempts) {
          throw applicationError(429, 'Too many attempts. Please wait and try again later.');
        }
        recent.push(now);
        backend.touchDatabase();
        const user = backend.directory.userByEmail(email);
        if (user?.password === undefined || user.password !== password) {
          throw applicationError(401, 'Invalid email or password');
        }
        const token = backend.authentication.issueToken(user);
        return {
          status: 200,
          headers: { 'set-cookie': `codemie_access_token=${token}; HttpOnly; Path=/; SameSite=lax` },
          body: { access_token: token, user: profile(user) },
        };
      },
    },
  ];
}

function parseLogin(body: unknown): { email: string; password: string } {
  const fields: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  const { email, password } = fields;
  if (typeof email !== 'string' || typeof password !== 'string') {
    const field = typeof email === 'string' ? 'password' : 'email';
    throw schemaError([{ type: 'missing', loc: ['body', field], msg: 'Field required', input: body }]);
  }
  return { email, password };
}
