import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeBlocks } from './code-blocks.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'codemie.md');

/** The commands of docs/codemie.md that create a client in Keycloak, by what they do, in their order. */
export interface KeycloakGuide {
  /** Reads the administrator's name and password from the cluster. */
  administrator: string;
  /** Signs the administrator in at `KEYCLOAK` and `REALM`, which it sets. */
  signIn: string;
  client: string;
  names: string;
  unmanagedAttributes: string;
  attributes: string;
  /** Stores the client secret in the cluster. */
  secret: string;
}

/**
 * Reads them from the page, as they are.
 *
 * @throws Error when there are more or fewer than are known here
 */
export async function keycloakGuide(): Promise<KeycloakGuide> {
  const text = await readFile(page, 'utf8');
  const [, section = ''] = /^## Create the Keycloak client$(.*?)^### /ms.exec(text) ?? [];
  const [administrator, signIn, client, names, unmanagedAttributes, attributes, secret, ...rest] = codeBlocks(
    section,
    'sh',
  );
  if (
    administrator === undefined ||
    signIn === undefined ||
    client === undefined ||
    names === undefined ||
    unmanagedAttributes === undefined ||
    attributes === undefined ||
    secret === undefined ||
    rest.length > 0
  )
    throw new Error('docs/codemie.md has other commands than its tests know.');
  return { administrator, signIn, client, names, unmanagedAttributes, attributes, secret };
}
