import { allowsServer } from '../../net/egress-policy.ts';
import type { ResolvedConnection } from './connection.ts';
import { needsPerson } from './halt.ts';

/**
 * The connection lists each of these servers: what is called, and what CodeMie gets to call. It comes before anything is
 * asked, so that the message can name the field.
 *
 * @throws Halt `HostNotAllowed` on `CredentialsValid`
 */
export function requireAllowedServers(
  urls: readonly URL[],
  { resource, object, spec: { providerHosts } }: ResolvedConnection,
): void {
  const refused = urls.find((url) => !allowsServer(providerHosts, url));
  if (refused === undefined) return;
  throw needsPerson(
    'CredentialsValid',
    'HostNotAllowed',
    `spec.providerHosts of ${resource.kind} "${object.metadata.name}" does not list ${refused.host}.`,
    'Ask the owner of the connection to add it, or correct spec.url and spec.apiURL.',
  );
}
