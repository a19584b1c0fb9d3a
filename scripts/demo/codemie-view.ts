import type { World } from '../../test/harness/world.ts';
import { print, table } from './terminal.ts';

/** What CodeMie holds, as an administrator sees it. */
export function showCodeMie({ codemie }: World): void {
  const rows = codemie.rows().map(({ project_name, alias, setting_type, credential_values }) => {
    const values = new Map(credential_values.map(({ key, value }) => [key, String(value)]));
    const app = values.get('app_id');
    const credential =
      app === undefined
        ? `token ${mask(values.get('token'))}`
        : `App ${app}, key ${mask(values.get('private_key'))}`;
    const host = (values.get('url') ?? '').replace('https://', '');
    return [project_name ?? '', alias, setting_type, host, credential];
  });
  table([['PROJECT', 'ALIAS', 'SCOPE', 'HOST', 'CREDENTIAL'], ...rows]);
  print('Each also has the key managed_by, which marks the operator as its owner.');
}

function mask(secret: string | undefined): string {
  return secret === undefined ? 'missing' : '*****';
}

/** The row of an integration, by the end of its owner mark. */
export function rowOf({ codemie }: World, name: string) {
  const row = codemie
    .rows()
    .find(({ credential_values: values }) =>
      values.some(({ key, value }) => key === 'managed_by' && String(value).endsWith(`/${name}`)),
    );
  if (!row) throw new Error(`CodeMie has no integration of ${name}.`);
  return row;
}

/** A value of such a row. */
export function valueOf(world: World, name: string, key: string): unknown {
  return rowOf(world, name).credential_values.find((each) => each.key === key)?.value;
}

/** Changes the Git host of an integration in CodeMie's form, as a user would. */
export function editByHand(world: World, name: string): void {
  const row = rowOf(world, name);
  const others = row.credential_values.filter(({ key }) => key !== 'url');
  row.credential_values = [...others, { key: 'url', value: 'https://gitlab.somewhere.example' }];
  row.update_date = new Date().toISOString().replace('Z', '001');
}
