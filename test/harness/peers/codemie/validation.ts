import { applicationError, crash } from './api-error.ts';
import { isIntegerLike, isTruthy, toText } from './python.ts';
import type { CredentialValue } from './setting.ts';

const patHelp = 'Please provide a Personal Access Token of the Git provider.';
const appHelp = 'Please see the settings of the GitHub App.';
const choiceHelp = 'Please choose either PAT or GitHub App authentication, not both.';

/**
 * What CodeMie asks of the credential values of a Git setting, in its order. The last of several values of
 * one key counts. The URL is not checked here.
 *
 * Source: `validate_git_request` of codemie-ai/codemie at 2a481c2, run.
 *
 * @throws ApiError 422; 500 where CodeMie fails itself
 */
export function validateGitValues(credentialValues: readonly CredentialValue[]): void {
  const values = new Map(credentialValues.map(({ key, value }) => [key, value]));
  const authType = values.has('auth_type') ? values.get('auth_type') : 'pat';
  if (authType === 'pat') {
    validateToken(values);
  } else if (authType === 'github_app') {
    validateApp(values);
  } else {
    throw applicationError(
      422,
      `Invalid auth_type: '${toText(authType)}'`,
      "auth_type must be either 'pat' or 'github_app'.",
      "Please give 'pat' or 'github_app' as 'auth_type'.",
    );
  }
}

type Values = ReadonlyMap<string, unknown>;

function validateToken(values: Values): void {
  if (!isTruthy(values.get('token'))) {
    throw applicationError(
      422,
      "PAT authentication requires 'token'",
      'Personal Access Token authentication requires a valid token.',
      patHelp,
    );
  }
  if (values.has('app_id') || values.has('private_key')) {
    throw applicationError(
      422,
      'Cannot mix authentication methods',
      'Cannot provide GitHub App fields (app_id, private_key) when using PAT authentication',
      choiceHelp,
    );
  }
}

function validateApp(values: Values): void {
  if (isTruthy(values.get('token'))) {
    throw applicationError(
      422,
      'Cannot mix authentication methods',
      'Cannot provide PAT token when using GitHub App authentication',
      choiceHelp,
    );
  }
  const appId = values.get('app_id');
  const privateKey = values.get('private_key');
  const installationId = values.get('installation_id');
  if (!isTruthy(appId)) {
    throw applicationError(
      422,
      "GitHub App authentication requires 'app_id'",
      'GitHub App authentication requires a valid App ID.',
      appHelp,
    );
  }
  if (!isTruthy(privateKey)) {
    throw applicationError(
      422,
      "GitHub App authentication requires 'private_key'",
      'GitHub App authentication requires a private key.',
      appHelp,
    );
  }
  validateAppFormats(appId, privateKey, installationId);
}

function validateAppFormats(appId: unknown, privateKey: unknown, installationId: unknown): void {
  if (typeof privateKey !== 'string') {
    throw crash("AttributeError: object has no attribute 'startswith'");
  }
  if (!privateKey.startsWith('-----BEGIN')) {
    throw applicationError(
      422,
      'Invalid private key format',
      "Private key must be in PEM format (should start with '-----BEGIN').",
      appHelp,
    );
  }
  if (!isIntegerLike(appId)) {
    throw applicationError(422, 'Invalid app_id format', 'app_id must be a numeric value.', appHelp);
  }
  if (isTruthy(installationId) && !isIntegerLike(installationId)) {
    throw applicationError(
      422,
      'Invalid installation_id format',
      'installation_id must be a numeric value.',
      appHelp,
    );
  }
}
