import { isTruthy } from './python.ts';
import type { CredentialValue, SettingRow } from './setting.ts';

/** What stands for a secret in every read, whatever its length; sent back in an update, it means "unchanged". */
export const mask = '**********';

/** Keys that are secret by their name, whatever the type of the setting. Others come back in clear. */
const sensitiveKeys: ReadonlySet<string> = new Set([
  'token',
  'private_key',
  'password',
  'client_secret',
  'access_token',
  'refresh_token',
  'api_key',
  'auth_value',
  'env_vars',
  'ssh_key',
]);

export function isSensitive(key: string): boolean {
  return sensitiveKeys.has(key);
}

/** The row as a read shows it. */
export function masked(row: SettingRow): SettingRow {
  return {
    ...row,
    credential_values: row.credential_values.map(({ key, value }) => ({
      key,
      value: isSensitive(key) && isTruthy(value) ? mask : value,
    })),
  };
}

/** Secrets of blanks only are dropped before a row is written, after the checks have let them pass. */
export function withoutBlankSecrets(values: readonly CredentialValue[]): CredentialValue[] {
  return values.filter(
    ({ key, value }) =>
      !isSensitive(key) || (isTruthy(value) && !(typeof value === 'string' && value.trim() === '')),
  );
}
