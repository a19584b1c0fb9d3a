import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Peer } from '../harness/peers/peer.ts';

/** What is wrong with a server of a tenant's own, by the first segment of the connection's path. */
export const hostilities = [
  'bomb',
  'rows',
  'brackets',
  'nothing',
  'grows',
  'projects',
  'keys',
  'version',
] as const;

const host = 'codemie.attacker.example';
const row = {
  id: 'a',
  project_name: 'shared',
  alias: 'a',
  credential_type: 'Git',
  setting_type: 'project',
  date: '',
  update_date: '',
};

/** The URL of the server that is hostile in that way. */
export function hostileUrl(hostility: (typeof hostilities)[number]): string {
  return `https://${host}/${hostility}`;
}

/** A CodeMie that takes any token, and answers what fills memory or keeps a parser busy. */
export function createHostileCodeMie(): Peer {
  const user = { user_id: 'x', name: 'x', applications_admin: ['shared'], is_admin: true };
  const listing = (rows: string, total: number): string =>
    `{"data":[${rows}],"pagination":{"page":0,"total":${total}}}`;
  const repeat = (count: number, text: string): string => Array<string>(count).fill(text).join(',');
  const text = JSON.stringify(row);
  // 120 MiB that become 120 KiB on the wire.
  const bomb = gzipSync(listing(repeat(Math.floor((120 * 1024 * 1024) / text.length), text), 1));
  const fourMiB = 4 * 1024 * 1024;
  const listings: Record<string, (response: ServerResponse) => void> = {
    bomb: (response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    },
    rows: (response) => response.end(listing(repeat(fourMiB / 4, '{}'), 1)),
    brackets: (response) => response.end('['.repeat(fourMiB)),
    nothing: endlessNothing,
    // As if there always were one page more.
    grows: (response) => response.end(listing(repeat(20_000, text), 1e15)),
  };

  return {
    name: 'hostile CodeMie',
    hosts: [host],
    requests: [],
    handler(request, response) {
      const [, hostility = '', , kind] = (request.url ?? '').split(/[/?]/);
      response.setHeader('content-type', 'application/json');
      if (kind === 'settings') (listings[hostility] ?? ((each) => each.end(listing('', 0))))(response);
      else if (kind === 'info')
        response.end(JSON.stringify({ version: hostility === 'version' ? 'x'.repeat(1e6) : '1.0.0' }));
      else if (hostility === 'keys')
        response.end(`{${Array.from({ length: 150_000 }, (_, index) => `"k${index}":1`).join(',')}}`);
      else
        response.end(
          JSON.stringify({ ...user, ...(hostility === 'projects' && { applications: manyNames() }) }),
        );
    },
    close: async () => {},
  };
}

function manyNames(): string[] {
  return Array.from({ length: 15_000 }, (_, index) => `${'x'.repeat(100)}-${index}`);
}

/** Empty blocks of deflate without end (RFC 1951, 3.2.4): bytes on the wire that decompress to none. */
function endlessNothing(response: ServerResponse): void {
  response.setHeader('content-encoding', 'deflate');
  const blocks = Buffer.from('000000ffff'.repeat(4000), 'hex');
  const more = (): void => {
    if (!response.destroyed) response.write(blocks, () => setImmediate(more));
  };
  more();
}
