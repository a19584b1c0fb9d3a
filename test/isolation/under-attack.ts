import { setTimeout as sleep } from 'node:timers/promises';
import { type Observation, observe } from './observed-process.ts';
import type { Stage } from './stage.ts';

/** What an attack did to the others. */
export interface AttackReport extends Observation {
  /** After how long a bystander's new integration was Ready at rest, in milliseconds: the longest of three. */
  restMs: number;
  /** The same while the attack was under way: the longest of all. */
  attackedMs: number;
  /** The longest call to the API server that a bystander made in that time, without the operator, in milliseconds. */
  callMs: number;
}

export interface AttackOptions {
  /** How many bystanders come during the attack, one after the other. Default 3. */
  bystanders?: number;
  /** For how long bystanders come after all is in place, in milliseconds, if that is longer. Default 0. */
  lastingMs?: number;
  /** How long a bystander waits at rest, in milliseconds. Default: measured before the attack. */
  atRest?: number;
  /** How long to wait for each, in milliseconds. Default: 120 s, enough to report a figure instead of a time-out. */
  withinMs?: number;
}

/**
 * Measures bystanders at rest, begins an attack, and measures them while it is under way. `attack` resolves when
 * everything that harms is in place (objects are created, a server hangs); what it started may go on.
 *
 * While it creates its objects, a bystander is measured, too: most attacks hurt when they arrive.
 */
export async function underAttack(
  stage: Stage,
  attack: () => Promise<unknown>,
  { bystanders = 3, lastingMs = 0, atRest, withinMs }: AttackOptions = {},
): Promise<AttackReport> {
  const restMs = atRest ?? (await longestBystander(stage, 3));
  const end = await observe(stage.operator);
  stage.calls.longestMs = 0;
  const [duringMs] = await Promise.all([stage.bystander(withinMs), attack()]);
  const lastsUntilMs = performance.now() + lastingMs;
  let attackedMs = Math.max(duringMs, await longestBystander(stage, bystanders, withinMs));
  while (performance.now() < lastsUntilMs) {
    attackedMs = Math.max(attackedMs, await stage.bystander(withinMs));
    await sleep(pauseMs);
  }
  return { ...(await end()), restMs, attackedMs, callMs: stage.calls.longestMs };
}

/** Between bystanders that come for a while. */
const pauseMs = 500;

async function longestBystander(stage: Stage, count: number, withinMs?: number): Promise<number> {
  let longestMs = 0;
  for (let index = 0; index < count; index += 1)
    longestMs = Math.max(longestMs, await stage.bystander(withinMs));
  return longestMs;
}
