import { randomUUID } from 'node:crypto';
import { gatewayError } from '../../test/harness/peers/codemie/faults.ts';
import { editByHand, rowOf, valueOf } from './codemie-view.ts';
import { namespace, setToken, show, showMessage, waitFor, waitForCondition } from './kubectl.ts';
import type { Stage } from './stage.ts';
import { bad, good, heading, print, prompt, seconds } from './terminal.ts';

const gitlab = 'gitlab-pat';
const dayMs = 24 * 3600_000;

/** A token that GitLab accepts. */
function newGitLabToken({ world }: Stage): string {
  const token = `glpat-${randomUUID()}`;
  world.gitlab.addToken({ token, username: 'ci-bot' });
  return token;
}

/** Waits until CodeMie has a token, and returns how long that took. */
async function untilCodeMieHas({ world }: Stage, token: string, since: number): Promise<string> {
  await waitFor('CodeMie to have the new token', () => valueOf(world, gitlab, 'token') === token);
  return seconds(performance.now() - since);
}

export async function rotate(stage: Stage): Promise<string> {
  heading('A token is rotated');
  const { id } = rowOf(stage.world, gitlab);
  const token = newGitLabToken(stage);
  const since = performance.now();
  await setToken(stage, gitlab, token);
  const duration = await untilCodeMieHas(stage, token, since);
  if (rowOf(stage.world, gitlab).id !== id) throw new Error('The integration has another id now.');
  good(`CodeMie has the new token ${duration} later, in the same integration ${id}.`);
  return duration;
}

export async function refuseBadRotation(stage: Stage): Promise<void> {
  heading('The next rotation goes wrong: the new token is revoked');
  const inUse = valueOf(stage.world, gitlab, 'token');
  const revoked = newGitLabToken(stage);
  stage.world.gitlab.revokeToken(revoked);
  await setToken(stage, gitlab, revoked);
  await waitForCondition(stage, gitlab, 'Ready', 'False');
  await show(stage, 'get', 'gitintegration', gitlab, '-n', namespace);
  await showMessage(stage, gitlab, 'Ready');
  if (valueOf(stage.world, gitlab, 'token') !== inUse) throw new Error('CodeMie lost the token that works.');
  good('CodeMie still has the token that works, so indexing goes on.');
  await setToken(stage, gitlab, newGitLabToken(stage));
  await waitForCondition(stage, gitlab, 'Ready', 'True');
  good('A good one in the Secret ends it.');
}

export async function warnOfExpiry(stage: Stage): Promise<void> {
  heading('A token expires soon');
  const name = 'github-pat';
  const token = `ghp_${randomUUID()}`;
  stage.world.github.addToken({ token, login: 'octocat', expiresAt: new Date(Date.now() + 5 * dayMs) });
  await setToken(stage, name, token);
  await waitForCondition(stage, name, 'CredentialExpiring', 'True');
  await show(stage, 'get', 'gitintegration', name, '-n', namespace);
  await showMessage(stage, name, 'CredentialExpiring');
  good('It is Ready, with a condition, an event and a metric to alert on.');
}

export async function correctDrift(stage: Stage): Promise<string> {
  heading('A user edits the integration in CodeMie');
  editByHand(stage.world, gitlab);
  bad(`In CodeMie it leads to ${String(valueOf(stage.world, gitlab, 'url'))} now.`);
  print('The operator compares every 10 minutes or so. To have it compare now:');
  const since = performance.now();
  const request = `codemie.ai/reconcile-requested-at=${new Date().toISOString()}`;
  await show(stage, 'annotate', 'gitintegration', gitlab, '-n', namespace, '--overwrite', request);
  await waitFor(
    'the change to be undone',
    () => valueOf(stage.world, gitlab, 'url') === 'https://gitlab.com',
  );
  const duration = seconds(performance.now() - since);
  const events = ['get', 'events', '-n', namespace, '--field-selector', `reason=DriftCorrected`];
  const message = [...events, '-o', 'jsonpath={.items[*].message}'];
  await waitFor('the event', async () => (await stage.run(message)) !== '');
  await show(stage, ...message);
  good(`It leads to gitlab.com again, ${duration} later.`);
  return duration;
}

export async function beDown(stage: Stage): Promise<string> {
  heading('CodeMie is down while a token is rotated');
  const { codemie } = stage.world;
  codemie.faults.decide(() => ({ outcome: gatewayError(503, 'beforeCommit') }));
  bad('From now on CodeMie answers 503 to everything.');
  const token = newGitLabToken(stage);
  await setToken(stage, gitlab, token);
  await waitForCondition(stage, gitlab, 'Reconciling', 'True');
  await show(stage, 'get', 'gitintegration', gitlab, '-n', namespace);
  await showMessage(stage, gitlab, 'Reconciling');
  codemie.faults.decide(undefined);
  print('CodeMie is back.');
  const duration = await untilCodeMieHas(stage, token, performance.now());
  await waitForCondition(stage, gitlab, 'Ready', 'True');
  good(`It has the new token ${duration} later, without any action.`);
  return duration;
}

export async function remove(stage: Stage): Promise<void> {
  heading('An integration is deleted');
  const name = 'bitbucket-token';
  prompt('kubectl', 'delete', 'gitintegration', name, '-n', namespace);
  print(await stage.run(['delete', 'gitintegration', name, '-n', namespace]));
  if (stage.world.codemie.rows().some((row) => row.alias === name))
    throw new Error('CodeMie still has the integration that was deleted.');
  good('It is gone from CodeMie as well.');
}
