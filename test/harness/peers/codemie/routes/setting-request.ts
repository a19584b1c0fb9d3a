import type { Backend } from '../backend.ts';
import type { CodeMieUser } from '../directory.ts';
import { type ApiRequest, jsonBody } from '../http.ts';
import { PythonError } from '../python.ts';
import { parseSettingRequest } from '../request-schema.ts';
import type { SettingRequest, SettingRow } from '../setting.ts';
import { validateGitValues } from '../validation.ts';

/**
 * What a create and an update have in common, in CodeMie's order: JSON (500), sign-in (401), schema (422),
 * the rules for Git (422).
 *
 * @throws ApiError
 */
export function readSettingRequest(
  backend: Backend,
  request: ApiRequest,
): { user: CodeMieUser; setting: SettingRequest } {
  const body = jsonBody(request);
  const user = backend.authentication.authenticate(request);
  const setting = parseSettingRequest(body);
  if (setting.credential_type === 'Git') {
    validateGitValues(setting.credential_values);
  }
  return { user, setting };
}

/** The id in the path. */
export function idOf(request: ApiRequest): string {
  return request.params['id'] ?? '';
}

/** The row, or the exception that Python raises for a missing one. */
export function existing(row: SettingRow | undefined, request: ApiRequest): SettingRow {
  if (row === undefined) {
    throw new PythonError(notFound(request));
  }
  return row;
}

/** The message of that exception. */
export function notFound(request: ApiRequest): string {
  return `'No settings found with id ${idOf(request)}'`;
}
