import { z } from 'zod';
import { withRules } from '../rule.ts';
import { httpUrl, line, secretKeyRef } from './shared.ts';

const tokenURL = () =>
  httpUrl('https://auth.example.com/auth/realms/codemie-prod/protocol/openid-connect/token').describe(
    'Token endpoint of the OpenID Connect provider. Plain http under the same conditions as url.',
  );

const scope = () =>
  line(500)
    .optional()
    .describe(
      'Scopes to ask for, separated by blanks. By default openid, which CodeMie needs with Keycloak; your own list replaces it.',
    );

/** The wire schema of `spec.auth` of a connection. `where` completes "Name of the Secret, …". */
export function connectionAuth(where: string) {
  return withRules(
    z
      .object({
        clientCredentials: z
          .object({
            tokenURL: tokenURL(),
            clientID: line(255).describe('Client ID of the service account.'),
            clientSecretRef: secretKeyRef('clientSecret', where).describe('The client secret.'),
            scope: scope(),
          })
          .optional()
          .describe(
            'A service account of the OpenID Connect provider: the grant client_credentials. Preferred.',
          ),
        password: z
          .object({
            tokenURL: tokenURL(),
            clientID: line(255).default('codemie-sdk').describe('Client ID of a public client.'),
            usernameSecretRef: secretKeyRef('username', where).describe('The user name.'),
            passwordSecretRef: secretKeyRef('password', where).describe('The password.'),
            scope: scope(),
          })
          .optional()
          .describe('A user of the OpenID Connect provider: the grant password.'),
        localLogin: z
          .object({
            emailSecretRef: secretKeyRef('email', where).describe('The e-mail address.'),
            passwordSecretRef: secretKeyRef('password', where).describe('The password.'),
          })
          .optional()
          .describe("CodeMie's own sign-in, for servers that run without an OpenID Connect provider."),
        token: z
          .object({ secretRef: secretKeyRef('token', where).describe('The token.') })
          .optional()
          .describe('A ready access token that something else keeps fresh in the Secret.'),
      })
      .describe('The login at CodeMie: exactly one of clientCredentials, password, localLogin and token.'),
    {
      cel: '[has(self.clientCredentials), has(self.password), has(self.localLogin), has(self.token)].filter(given, given).size() == 1',
      message: 'give exactly one login; write one of clientCredentials, password, localLogin and token',
      holds: (value) =>
        [value.clientCredentials, value.password, value.localLogin, value.token].filter(
          (given) => given !== undefined,
        ).length === 1,
    },
  );
}
