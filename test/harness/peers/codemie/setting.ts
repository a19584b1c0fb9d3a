/** Whose a setting is: a project's, or one user's own. */
export type SettingType = 'project' | 'user';

/** One key of `credential_values`; the value is whatever JSON was sent. */
export interface CredentialValue {
  key: string;
  value: unknown;
}

/** A row of CodeMie's table of settings, with the names it has on the wire and secrets in clear. */
export interface SettingRow {
  readonly id: string;
  project_name: string;
  alias: string;
  /** `Git`, `Jira`, …; never changes. */
  readonly credential_type: string;
  credential_values: CredentialValue[];
  setting_type: SettingType;
  readonly user_id: string;
  readonly created_by: { readonly id: string; readonly username: string; readonly name: string } | null;
  /** Creation, as Python prints a naive local time: no zone, microseconds unless zero. */
  readonly date: string;
  update_date: string;
  readonly default: boolean;
  is_global: boolean | null;
  /** Only for settings of type Plugin. */
  readonly setting_hash: null;
}

/** The body of a create or an update, its schema checked. */
export interface SettingRequest {
  project_name: string | null;
  alias: string;
  credential_type: string;
  credential_values: CredentialValue[];
  is_global: boolean | null;
}
