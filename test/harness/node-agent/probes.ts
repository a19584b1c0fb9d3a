import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, Probe } from './pod-spec.ts';

/** What the probes of a container say. */
export interface ProbeState {
  started: boolean;
  ready: boolean;
}

/** How often a probe is made, whatever its period: only what it answers for long enough counts. */
const pollMs = 200;

/**
 * Probes a container until it is to be restarted, or the signal aborts. A startup probe comes first; readiness follows
 * each answer at once, and liveness fails after as long a silence as the spec allows.
 *
 * @param onChange called at each change of the state
 * @returns why it is to be restarted; undefined when the signal aborted
 */
export async function probeContainer(
  container: Container,
  host: string,
  onChange: (state: ProbeState) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { startupProbe, livenessProbe, readinessProbe, ports } = container;
  const state: ProbeState = { started: false, ready: false };
  const answers = (probe: Probe): Promise<boolean> => answersWell(probe, portOf(probe, ports), host);
  const set = (changes: Partial<ProbeState>): void => {
    const before = JSON.stringify(state);
    if (JSON.stringify(Object.assign(state, changes)) !== before) onChange({ ...state });
  };
  async function untilStarted(probe: Probe): Promise<string | undefined> {
    const beganAt = performance.now();
    while (!signal.aborted && !(await answers(probe))) {
      if (performance.now() - beganAt > patienceMs(probe)) return 'Startup probe failed';
      await pause(signal);
    }
    return undefined;
  }

  const unstarted = startupProbe && (await untilStarted(startupProbe));
  if (unstarted !== undefined) return unstarted;
  set({ started: true });
  let aliveAt = performance.now();
  while (!signal.aborted) {
    if (!livenessProbe || (await answers(livenessProbe))) aliveAt = performance.now();
    else if (performance.now() - aliveAt > patienceMs(livenessProbe)) return 'Liveness probe failed';
    set({ ready: !readinessProbe || (await answers(readinessProbe)) });
    await pause(signal);
  }
  return undefined;
}

function patienceMs({ failureThreshold, periodSeconds }: Probe): number {
  return failureThreshold * periodSeconds * 1000;
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(pollMs, undefined, { signal }).catch(() => {});
}

function portOf({ httpGet: { port } }: Probe, ports: Container['ports']): number {
  if (typeof port === 'number') return port;
  const found = ports.find(({ name }) => name === port);
  if (!found) throw new Error(`The container has no port ${port}.`);
  return found.containerPort;
}

/** Whether the answer has a status from 200 to 399, as a kubelet wants it. */
function answersWell({ httpGet, timeoutSeconds }: Probe, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host, port, path: httpGet.path, agent: false, timeout: timeoutSeconds * 1000 };
    const sent = request(options, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      resolve(statusCode >= 200 && statusCode < 400);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end();
  });
}
