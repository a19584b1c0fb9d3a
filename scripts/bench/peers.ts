import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld, type World } from '../../test/harness/world.ts';
import { type PeersCall, peersRequest } from './peers-protocol.ts';

// CodeMie, the identity provider and the Git hosts in a separate process, so that their work does not hold
// up the process that measures. Started by `peers-process.ts`; ends with it.

/** The account of every token. */
const login = 'ci-bot';

let world: World | undefined;
let counted = 0;

async function answer(call: PeersCall): Promise<unknown> {
  if (call.name === 'start') return await start(call);
  if (!world) throw new Error('The first call must be start.');
  switch (call.name) {
    case 'addToken':
      world.github.addToken({ token: call.token, login });
      return null;
    case 'countRows':
      return countRows(world, call.token);
    case 'takeTraffic':
      return takeTraffic(world);
  }
}

async function start({ clientSecret, projects, createsPerSecond }: Extract<PeersCall, { name: 'start' }>) {
  world = await startWorld({ clientSecret, projects });
  // A real CodeMie takes its time for a create. Mostly it is the operator that is measured.
  world.codemie.setInsertGate(oneAfterTheOther(createsPerSecond ?? Number.POSITIVE_INFINITY));
  return {
    operatorEnv: world.operatorEnv,
    codemieUrl: world.codemie.url,
    tokenUrl: world.oidc.tokenUrl,
  };
}

/** A gate that opens so many times a second, for those who wait in their order. */
function oneAfterTheOther(perSecond: number): () => Promise<void> {
  let freeAtMs = 0;
  return async () => {
    const nowMs = performance.now();
    freeAtMs = Math.max(freeAtMs, nowMs) + 1_000 / perSecond;
    if (freeAtMs > nowMs) await sleep(freeAtMs - nowMs);
  };
}

function countRows({ codemie }: World, token: string): number {
  return codemie
    .rows()
    .filter((row) => row.credential_values.some(({ key, value }) => key === 'token' && value === token))
    .length;
}

function takeTraffic({ internet: { requests } }: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, host, path } of requests.slice(counted)) {
    const endpoint = path.replace(/(\/projects|\/settings\/(?:project|user))\/[^/]+$/, '$1/*');
    const key = `${method} ${host} ${endpoint}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  counted = requests.length;
  return counts;
}

process.on('message', (message) => {
  const { id, call } = peersRequest.parse(message);
  void answer(call).then((result) => process.send?.({ id, result }));
});
process.on('disconnect', () => process.exit(0));
