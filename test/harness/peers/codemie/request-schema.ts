import { type SchemaFinding, schemaError } from './api-error.ts';
import type { CredentialValue, SettingRequest } from './setting.ts';

/** The credential types the peer knows, of CodeMie's many, with the names its database has for them. */
export const credentialTypes: Readonly<Record<string, string>> = {
  Git: 'GIT',
  Jira: 'JIRA',
  Confluence: 'CONFLUENCE',
  AzureDevOps: 'AZURE_DEVOPS',
};

/**
 * The schema of a create or an update. Unknown fields are ignored, an absent `is_global` is false.
 *
 * @throws ApiError 422; a finding about an absent field echoes the whole body
 */
export function parseSettingRequest(body: unknown): SettingRequest {
  if (!isObject(body)) {
    throw schemaError([notAnObject(['body'], body)]);
  }
  const findings: SchemaFinding[] = [];
  const found = (finding: SchemaFinding | undefined) => {
    if (finding !== undefined) {
      findings.push(finding);
    }
  };
  const projectName = body['project_name'] ?? null;
  if (projectName !== null) {
    found(checkString(['body', 'project_name'], projectName));
  }
  found(checkField(body, 'alias', checkString));
  found(checkField(body, 'credential_type', checkCredentialType));
  const values = checkValues(body, findings);
  const isGlobal = body['is_global'] === undefined ? false : body['is_global'];
  if (isGlobal !== null && typeof isGlobal !== 'boolean') {
    found({
      type: 'bool_parsing',
      loc: ['body', 'is_global'],
      msg: 'Input should be a valid boolean, unable to interpret input',
      input: isGlobal,
    });
  }
  if (findings.length > 0) {
    throw schemaError(findings);
  }
  return {
    project_name: typeof projectName === 'string' ? projectName : null,
    alias: String(body['alias']),
    credential_type: String(body['credential_type']),
    credential_values: values,
    is_global: isGlobal === null ? null : isGlobal === true,
  };
}

type Location = readonly (string | number)[];
type Check = (loc: Location, input: unknown) => SchemaFinding | undefined;

function checkField(body: Record<string, unknown>, field: string, check: Check): SchemaFinding | undefined {
  const loc = ['body', field];
  return field in body
    ? check(loc, body[field])
    : { type: 'missing', loc, msg: 'Field required', input: body };
}

function checkString(loc: Location, input: unknown): SchemaFinding | undefined {
  return typeof input === 'string'
    ? undefined
    : { type: 'string_type', loc, msg: 'Input should be a valid string', input };
}

function checkCredentialType(loc: Location, input: unknown): SchemaFinding | undefined {
  const names = Object.keys(credentialTypes);
  if (typeof input === 'string' && names.includes(input)) {
    return undefined;
  }
  const expected = names.map((name) => `'${name}'`).join(', ');
  return { type: 'enum', loc, msg: `Input should be ${expected}`, input };
}

function checkValues(body: Record<string, unknown>, findings: SchemaFinding[]): CredentialValue[] {
  const missing = checkField(body, 'credential_values', (loc, input) =>
    Array.isArray(input) ? undefined : { type: 'list_type', loc, msg: 'Input should be a valid list', input },
  );
  if (missing !== undefined) {
    findings.push(missing);
    return [];
  }
  const items: readonly unknown[] = Array.isArray(body['credential_values']) ? body['credential_values'] : [];
  return items.flatMap((item, index) => {
    const loc = ['body', 'credential_values', index];
    if (!isObject(item)) {
      findings.push(notAnObject(loc, item));
      return [];
    }
    const { key, value = null } = item;
    if (typeof key !== 'string') {
      const keyLoc = [...loc, 'key'];
      findings.push(
        'key' in item
          ? { type: 'string_type', loc: keyLoc, msg: 'Input should be a valid string', input: key }
          : { type: 'missing', loc: keyLoc, msg: 'Field required', input: item },
      );
      return [];
    }
    return [{ key, value }];
  });
}

function notAnObject(loc: Location, input: unknown): SchemaFinding {
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  return { type: 'model_attributes_type', loc, msg, input };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
