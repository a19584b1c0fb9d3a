import { setTimeout as sleep } from 'node:timers/promises';
import { KubeStatusError } from '../../src/kube/errors.ts';
import { drop, gatewayError, type Played, tooManyRequests } from '../harness/peers/codemie/faults.ts';
import type { ConnectionFault } from '../harness/peers/connection-fault.ts';
import type { Fault } from '../harness/peers/git-hosts/faults.ts';
import { randomNumbers } from '../harness/random.ts';
import type { GitHostTrouble, Trouble, WriteTrouble } from './plan.ts';
import { isRunning, type Scene } from './scene.ts';

const hostNames = {
  codemie: 'codemie.example.com',
  staging: 'staging.codemie.example.com',
  login: 'auth.example.com',
  github: 'api.github.com',
  gitlab: 'gitlab.com',
} as const;

const connectionFaults: Record<string, ConnectionFault> = {
  refuse: { kind: 'refuse' },
  hang: { kind: 'hang' },
  reset: { kind: 'reset', afterBytes: 3_000 },
  certificate: { kind: 'certificate', problem: 'expired' },
};

const page = '<html><body><h1>Something is wrong</h1></body></html>';
const html = { headers: { 'content-type': 'text/html' }, body: page };
const gitHostFaults: Record<GitHostTrouble, Fault> = {
  error: { status: 502, ...html },
  html: { status: 200, ...html },
  hang: { hang: true },
  reset: { reset: true },
  cut: { hostile: 'cut' },
  drip: { hostile: 'dripBody' },
  limit: { status: 429, headers: { 'retry-after': '1' }, body: { message: 'Too many requests' } },
  unauthorized: { status: 401, body: { message: 'Bad credentials', documentation_url: '' } },
};

const writeOutcomes: Record<Exclude<WriteTrouble, 'slow'>, NonNullable<Played['outcome']>> = {
  'drop before': drop('beforeCommit'),
  'drop after': drop('afterCommit'),
  '500 before': gatewayError(500, 'beforeCommit'),
  '500 after': gatewayError(500, 'afterCommit'),
  '504 after': gatewayError(504, 'afterCommit'),
  429: tooManyRequests(1),
};

/** Makes something go wrong, for as long as it says. What is still wrong at the end of a round {@link calmDown} ends. */
export async function trouble(what: Trouble, scene: Scene, signal: AbortSignal): Promise<void> {
  const { world, relay } = scene;
  const { controlPlane } = scene.stormCluster;
  const lasting = (): Promise<unknown> => sleep(what.forMs, undefined, { signal }).catch(() => {});
  switch (what.do) {
    case 'kill the API server':
      await scene.inTurn(async () => {
        await controlPlane.killApiServer();
        await lasting();
        await controlPlane.startApiServer();
      });
      return;
    case 'kill etcd':
      await scene.inTurn(async () => {
        await controlPlane.killEtcd();
        await lasting();
        await controlPlane.startEtcd();
      });
      return;
    case 'hold the API server':
      relay.hold();
      await lasting();
      relay.release();
      return;
    case 'cut the API server':
      relay.cut();
      return;
    case 'take rights':
      // The API server may be away, too.
      await scene.takeRights().catch(() => {});
      relay.cut();
      await lasting();
      await scene.grantRights().catch(() => {});
      return;
    case 'kill':
    case 'stop':
      await endOperator(what.do, scene, lasting);
      return;
    case 'pause':
      send(scene, 'SIGSTOP');
      await lasting();
      send(scene, 'SIGCONT');
      return;
    case 'step the clock':
      // A process that has not set its handler yet would die of it.
      if (scene.operators.at(-1)?.output().includes('Serving probes')) send(scene, 'SIGUSR2');
      return;
    case 'break the way':
      world.internet.setFault(hostNames[what.host], connectionFaults[what.how]);
      await lasting();
      world.internet.setFault(hostNames[what.host], undefined);
      return;
    case 'fail the Git host':
      world[what.host].failNext({ ...gitHostFaults[what.how], times: Number.POSITIVE_INFINITY });
      await lasting();
      world[what.host].clearFaults();
      return;
    case 'fail writes':
    case 'fail reads': {
      const { faults } = scene.serverOf(what.server);
      const random = randomNumbers(what.seed);
      faults.decide(({ method }) => {
        if ((method === 'GET') !== (what.do === 'fail reads') || random() > what.share) return undefined;
        if (what.do === 'fail reads') return { outcome: gatewayError(502, 'beforeCommit') };
        return what.how === 'slow' ? { before: () => sleep(1_500) } : { outcome: writeOutcomes[what.how] };
      });
      await lasting();
      faults.decide(undefined);
      return;
    }
    case 'lose the database':
      scene.serverOf(what.server).setDatabase(what.how);
      await lasting();
      scene.serverOf(what.server).setDatabase('up');
      return;
    case 'fail the login': {
      const fault = {
        down: { kind: 'down' },
        slow: { kind: 'slow', until: lasting() },
        html: { kind: 'answer', status: 200, body: page },
      } as const;
      world.oidc.setFault(fault[what.how]);
      await lasting();
      world.oidc.setFault(undefined);
    }
  }
}

/** Ends everything that is still wrong, and lets an operator run. */
export async function calmDown(scene: Scene): Promise<void> {
  const { world, relay, stormCluster, cluster } = scene;
  world.calm();
  await stormCluster.controlPlane.startEtcd();
  await stormCluster.controlPlane.startApiServer();
  relay.release();
  send(scene, 'SIGCONT');
  await cluster.waitFor('the rights', () => haveRights(scene));
  await scene.ensureOperator();
}

/** Gives the rights back where they were taken. @returns whether they are there; false while the API server is away */
async function haveRights(scene: Scene): Promise<boolean> {
  try {
    await scene.grantRights();
    return true;
  } catch (error) {
    return error instanceof KubeStatusError && error.code === 409;
  }
}

/** Ends the operator by that function, and lets the next one start after a while. */
async function endOperator(
  end: 'kill' | 'stop',
  scene: Scene,
  lasting: () => Promise<unknown>,
): Promise<void> {
  const operator = scene.operators.at(-1);
  if (operator) {
    scene.askedToEnd.add(operator);
    await operator[end]();
  }
  await lasting();
  await scene.ensureOperator();
}

function send(scene: Scene, signal: NodeJS.Signals): void {
  const operator = scene.operators.at(-1);
  if (operator && isRunning(operator)) process.kill(operator.pid, signal);
}
