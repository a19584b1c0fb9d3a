import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Resource } from '../../src/kube/object.ts';
import { kinds } from '../harness/cluster.ts';
import { inParallel } from '../harness/parallel.ts';
import type { Peer } from '../harness/peers/peer.ts';
import { scaled } from '../harness/scale.ts';
import { memoryMiB, observe, peakMemoryMiB } from './observed-process.ts';
import { integrationSpec, type Tenant } from './stage.ts';
import { useStage } from './use-stage.ts';

/** A GitLab that reports as much as is kept of any token, or refuses it with a body as large as is read. */
const wordy: Peer = {
  name: 'wordy.evil.example',
  hosts: ['wordy.evil.example', 'refusing.evil.example'],
  requests: [],
  handler(request, response) {
    const refuses = request.headers.host?.startsWith('refusing') === true;
    const scopes = Array.from(
      { length: 500 },
      (_, index) => `${'x'.repeat(240)}${Math.random()}`.slice(0, 250) + index,
    );
    const long = Array.from({ length: 10_000 }, (_, index) => `${'y'.repeat(150)}${index}`);
    const body = refuses
      ? { message: '401 Unauthorized', error: 'invalid_token', long }
      : { id: 1, user_id: 1, scopes, revoked: false, active: true };
    response.writeHead(refuses ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  },
  close: () => Promise.resolve(),
};
const stage = useStage({ peers: [wordy] });

/** As much as one annotation may hold: https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/ */
const annotation = 'x'.repeat(255 * 1024);

/** Objects of each kind. One kind alone weighs enough to be seen in what the process holds more than at rest. */
const count = 200;
const weightMiB = (count * annotation.length) / 1024 ** 2;

/** Objects that are created and deleted at the same time. */
const atOnce = 8;

/** Of each is kept what a server says of it. A hundred bodies of two megabytes would show in half of the memory. */
const tokens = Math.max(100, scaled(300));

/** Most memory of a process from its start until it has done its first work. */
async function peakAtStart(): Promise<number> {
  await stage.operator.stop();
  stage.operator = await stage.start();
  await stage.bystander();
  return await peakMemoryMiB(stage.operator.pid);
}

/** Labels whose keys differ from object to object, which no parser likes. */
const labels = (index: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 100 }, (_, label) => [`l-${index}-${label}`, 'x']));

const suspended = (index: number, metadata: object) => ({
  metadata,
  spec: integrationSpec({ suspend: true, alias: `large-${index}` }),
});

/** Large objects that a team may create without a place in any connection. */
const largeObjects: readonly { kind: Resource; of: (index: number) => Parameters<Tenant['create']>[2] }[] = [
  { kind: kinds.configMap, of: () => ({ metadata: { annotations: { note: annotation } } }) },
  {
    kind: kinds.integration,
    of: (index) => suspended(index, { annotations: { note: annotation }, labels: labels(index) }),
  },
  {
    kind: kinds.integration,
    of: (index) => suspended(index, { annotations: { 'codemie.ai/reconcile-requested-at': annotation } }),
  },
];

it('large ConfigMaps and suspended integrations take no memory', async () => {
  const restMiB = await peakAtStart();
  const team = await stage.tenant('large', { consumer: false });
  const all = largeObjects.flatMap(({ kind, of }, which) =>
    Array.from({ length: count }, (_, index) => ({ kind, of, name: `large-${which}-${index}`, index })),
  );
  const each = (act: (object: (typeof all)[number]) => Promise<unknown>) =>
    inParallel(
      0,
      all.length,
      async (at) => {
        const object = all[at];
        if (object) await act(object);
      },
      atOnce,
    );
  // Else the search for secrets at the end would have to list them, too.
  onTestFinished(() => each(({ kind, name }) => team.delete(kind, name)), 600_000);
  const end = await observe(stage.operator);
  await each(({ kind, of, name, index }) => team.create(kind, name, of(index)));
  const { exited, peakMiB: watchedMiB } = await end();
  expect(exited).toBe(false);
  const peakMiB = await peakAtStart();
  console.log(JSON.stringify({ restMiB, peakMiB, watchedMiB, weightMiB }));
  expect(Math.max(peakMiB, watchedMiB)).toBeLessThan(stage.memoryLimitMiB / 2);
  expect(Math.max(peakMiB, watchedMiB) - restMiB, 'one kind is kept').toBeLessThan(weightMiB);
});

it('large Secrets are not kept for those who read them', async () => {
  const team = await stage.tenant('secrets');
  await stage.operator.stop();
  stage.operator = await stage.start();
  await stage.bystander();
  const end = await observe(stage.operator);
  const filling = 'x'.repeat(700_000);
  for (let index = 0; index < 100; index++) {
    await team.create(kinds.secret, `s-${index}`, { stringData: { token: filling, other: 'x' } });
    const auth = { token: { secretRef: { name: `s-${index}` } } };
    await team.integrate(`s-${index}`, { alias: `s-${index}`, auth });
  }
  await stage.cluster.waitForConditions(`${team.namespace}/s-99`, {
    CredentialsResolved: 'False/SecretValueInvalid',
  });
  const { peakMiB } = await end();
  console.log(JSON.stringify({ peakMiB, afterMiB: await memoryMiB(stage.operator.pid) }));
  expect(peakMiB).toBeLessThan(stage.memoryLimitMiB / 2);
});

it.each([
  { name: 'reports at great length', host: 'wordy.evil.example' },
  { name: 'refuses at great length', host: 'refusing.evil.example' },
])('what a server $name is not kept for each token', async ({ host }) => {
  await stage.cluster.patch(kinds.clusterConnection, 'default', [
    { op: 'add', path: '/spec/providerHosts', value: ['github.com', 'api.github.com', '*.evil.example'] },
  ]);
  const team = await stage.tenant('wordy');
  await stage.operator.stop();
  stage.operator = await stage.start();
  await stage.bystander();
  const before = wordy.requests.length;
  const end = await observe(stage.operator);
  const name = (index: number) => `${host.split('.')[0]}-${index}`;
  await inParallel(
    0,
    tokens,
    async (index) => {
      const token = `glpat-${randomBytes(10).toString('hex')}`;
      await team.create(kinds.secret, name(index), { stringData: { token } });
      const auth = { token: { secretRef: { name: name(index) } } };
      const alias = name(index);
      await team.integrate(alias, { alias, provider: 'GitLab', url: `https://${host}`, auth });
    },
    atOnce,
  );
  await stage.cluster.waitFor(
    'all tokens to be asked about',
    async () => {
      await stage.bystander();
      return wordy.requests.length - before >= tokens;
    },
    180_000,
  );
  const { exited, peakMiB } = await end();
  console.log(JSON.stringify({ host, peakMiB, afterMiB: await memoryMiB(stage.operator.pid) }));
  expect(exited).toBe(false);
  expect(peakMiB).toBeLessThan(stage.memoryLimitMiB / 2);
});
