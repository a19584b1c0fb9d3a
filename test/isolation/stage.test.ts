import { expect, it } from 'vitest';
import { isForbidden } from '../../src/kube/errors.ts';
import { kinds } from '../harness/cluster.ts';
import { deadline, eventually } from '../harness/pace.ts';
import { expectUnharmed, underAttack, useStage } from './use-stage.ts';

const stage = useStage();

it('runs as the chart has it', async () => {
  expect(stage.memoryLimitMiB).toBe(512);
  await eventually(() => expect(stage.operator.output()).toContain('"Leading."'));
});

it('lets a team do what an admin of its namespace may, and nothing elsewhere', async () => {
  const [team, other] = [await stage.tenant('team-a'), await stage.tenant('team-b')];
  await team.storeToken();
  await team.integrate('own');
  await stage.cluster.waitForConditions(`${team.namespace}/own`, { Ready: 'True' });
  const signal = deadline(10_000);
  const listing = team.client.list(kinds.secret, { namespace: other.namespace, signal });
  await expect(listing).rejects.toSatisfy(isForbidden);
  const forged = team.client.create(
    kinds.clusterConnection,
    { metadata: { name: 'mine' }, spec: {} },
    signal,
  );
  await expect(forged).rejects.toSatisfy(isForbidden);
});

it('refuses a team that no connection allows', async () => {
  const team = await stage.tenant('team-c', { consumer: false });
  await team.storeToken();
  await team.integrate('own');
  const key = `${team.namespace}/own`;
  const seen = await stage.cluster.waitForConditions(key, { Ready: 'False/ConnectionNotAllowed' });
  expect(seen.condition('Ready').message).toContain('default');
});

it('measures that a handful of integrations harms no other team', async () => {
  const team = await stage.tenant('team-a');
  await team.storeToken();
  const report = await underAttack(stage, async () => {
    for (let index = 0; index < 5; index += 1)
      await team.integrate(`few-${index}`, { alias: `few-${index}` });
  });
  expect(report.healthy).toBeGreaterThan(0);
  expect(report.peakMiB).toBeGreaterThan(20);
  expectUnharmed(stage, report);
});
