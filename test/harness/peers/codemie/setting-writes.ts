import { canonicalUrl } from './canonical-url.ts';
import type { CodeMieUser, Directory } from './directory.ts';
import { isSensitive, mask, withoutBlankSecrets } from './masking.ts';
import { isTruthy, PythonError, typeName } from './python.ts';
import type { CredentialValue, SettingRequest, SettingRow, SettingType } from './setting.ts';
import type { SettingStore } from './store.ts';

/** Creating and updating settings, once who asks and what is asked have been found right. */
export interface SettingWrites {
  /**
   * Looks for the alias, then inserts, with time between the two: the real check is not atomic either.
   *
   * @throws PythonError
   */
  create(request: SettingRequest, type: SettingType, user: CodeMieUser): Promise<void>;
  /**
   * Replaces everything but project, type of credential and owner; `type` is that of the path, whatever the
   * row's was.
   *
   * @throws PythonError
   */
  update(row: SettingRow, request: SettingRequest, type: SettingType, user: CodeMieUser): void;
}

export interface SettingWritesOptions {
  readonly store: SettingStore;
  readonly directory: Directory;
  /** Awaited between the check of the alias and the insert. */
  readonly betweenCheckAndInsert: () => Promise<void>;
  /** False for a server that keeps only the keys it knows. */
  readonly keepsUnknownKeys: () => boolean;
}

const gitKeys = new Set([
  'url',
  'name',
  'token',
  'auth_type',
  'app_id',
  'private_key',
  'installation_id',
  'use_header_auth',
]);

/** Source: `SettingsService` and `Settings.check_alias_unique` of codemie-ai/codemie at 2a481c2, run. */
export function createSettingWrites(options: SettingWritesOptions): SettingWrites {
  const { store, directory } = options;

  function checkAlias(request: SettingRequest, type: SettingType, user: CodeMieUser, id?: string): void {
    if (request.alias === '') {
      throw new PythonError('Alias is required');
    }
    if (`${request.alias}${request.project_name ?? ''}`.includes('\0')) {
      throw new PythonError('A string literal cannot contain NUL (0x00) characters.');
    }
    // In the scope of a project, personal settings of anyone count too; the first row found decides.
    const first = store
      .rows()
      .find(
        (row) =>
          row.alias === request.alias &&
          row.project_name === request.project_name &&
          (type === 'project' || row.user_id === user.id),
      );
    if (first !== undefined && first.id !== id) {
      throw new PythonError(`There are more than one settings with the alias named ${request.alias}`);
    }
  }

  function prepared(request: SettingRequest): CredentialValue[] {
    const values = request.credential_values
      .filter(({ key }) => options.keepsUnknownKeys() || gitKeys.has(key))
      .map(({ key, value }) => ({
        key,
        value: key === 'url' && request.credential_type === 'Git' ? canonicalUrl(value) : value,
      }));
    return withoutBlankSecrets(values);
  }

  return {
    async create(request, type, user) {
      checkAlias(request, type, user);
      await options.betweenCheckAndInsert();
      const values = prepared(request);
      values.forEach(checkEncryptable);
      if (isTruthy(request.project_name)) {
        directory.ensureProject(String(request.project_name));
      }
      if (request.project_name === null) {
        throw new PythonError(
          '1 validation error for Settings\nproject_name\n  Input should be a valid string',
        );
      }
      store.insert({
        project_name: request.project_name,
        alias: request.alias,
        credential_type: request.credential_type,
        credential_values: values,
        setting_type: type,
        user_id: user.id,
        created_by: { id: user.id, username: user.username, name: user.name },
        is_global: request.is_global,
      });
    },
    update(row, request, type, user) {
      checkAlias(request, type, user, row.id);
      const sent = prepared(request);
      sent.filter(({ value }) => value !== mask).forEach(checkEncryptable);
      row.credential_values = merged(row.credential_values, sent);
      row.alias = request.alias;
      row.is_global = request.is_global;
      row.setting_type = type;
      store.touch(row);
    },
  };
}

/** Keys not sent go, the mask keeps a stored value and stores none, the rest is set; stored keys keep their place. */
function merged(stored: readonly CredentialValue[], sent: readonly CredentialValue[]): CredentialValue[] {
  const newValues = new Map(sent.map(({ key, value }) => [key, value]));
  const kept = stored
    .filter(({ key }) => newValues.has(key))
    .map(({ key, value }) => ({ key, value: newValues.get(key) === mask ? value : newValues.get(key) }));
  const storedKeys = new Set(stored.map(({ key }) => key));
  const added = sent.filter(({ key, value }) => !storedKeys.has(key) && value !== mask);
  return [...kept, ...added];
}

/** Encryption takes text only. */
function checkEncryptable({ key, value }: CredentialValue): void {
  if (isSensitive(key) && typeof value !== 'string') {
    throw new PythonError(`'${typeName(value)}' object has no attribute 'encode'`);
  }
}
