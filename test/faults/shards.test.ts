import { describe, expect, it } from 'vitest';
import { gitHubIntegration, reconciled, rowsOf, waitForConnection } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { createsBy, openStage, type Replica, type Stage } from './replicas.ts';

const own = { connectionRef: { kind: 'CodeMieConnection', name: 'own0' } };

/** One for what has no label, which handles connections too, and one for label `shard: b`. */
function startShards(stage: Stage): Promise<[Replica, Replica]> {
  return Promise.all([
    stage.start('rest', ['--shard-selector=!shard', '--connections=true', '--leader-elect=true']),
    stage.start('b', ['--shard-selector=shard=b', '--leader-elect=true']),
  ]);
}

describe.concurrent('shards', () => {
  it('share the work by label, and an object that gets another label changes hands', async (context) => {
    const stage = await openStage(context);
    const { cluster, world, team } = stage;
    const [rest, b] = await startShards(stage);
    await waitForConnection(cluster, kinds.connection, `${team}/own0`, { Ready: 'True/Ready' });
    const labelled = gitHubIntegration(`${team}/labelled`, own);
    await cluster.create(kinds.integration, {
      ...labelled,
      metadata: { ...labelled.metadata, labels: { shard: 'b' } },
    });
    await cluster.waitForConditions(`${team}/labelled`, { Ready: 'True/Ready' });
    // What the other shard has listed knows nothing of this one.
    await cluster.create(kinds.integration, gitHubIntegration(`${team}/plain`, own));
    await cluster.waitForConditions(`${team}/plain`, { Ready: 'True/Ready' });
    expect([createsBy(rest), createsBy(b)]).toEqual([[`${team}/plain`], [`${team}/labelled`]]);

    await cluster.patch(kinds.integration, `${team}/plain`, [
      { op: 'add', path: '/metadata/labels', value: { shard: 'b' } },
    ]);
    const series = `codemie_git_integration_condition{namespace="${team}",name="plain"`;
    await cluster.waitFor('it to change hands', async () => {
      const [before, after] = await Promise.all([rest.metrics(), b.metrics()]);
      return !before.includes(series) && after.includes(series);
    });
    const [row] = rowsOf(world, `${team}/plain`);
    world.codemie.remove(row?.id ?? '');
    await reconciled(cluster, `${team}/plain`, { Ready: 'True/Ready' });
    expect(createsBy(b)).toEqual([`${team}/labelled`, `${team}/plain`]);
    expect(createsBy(rest)).toHaveLength(1);
  });

  it('know of each other who holds a name', async (context) => {
    const stage = await openStage(context);
    const { cluster, world, team } = stage;
    await startShards(stage);
    const alias = `${team} shared`;
    await cluster.create(kinds.integration, gitHubIntegration(`${team}/older`, { ...own, alias }));
    await cluster.waitForConditions(`${team}/older`, { Ready: 'True/Ready' });
    const younger = gitHubIntegration(`${team}/younger`, { ...own, alias });
    await cluster.create(kinds.integration, {
      ...younger,
      metadata: { ...younger.metadata, labels: { shard: 'b' } },
    });
    await cluster.waitForConditions(`${team}/younger`, { Ready: 'False/AliasConflict' });

    await cluster.delete(kinds.integration, `${team}/older`);
    await cluster.waitForConditions(`${team}/younger`, { Ready: 'True/Ready' });
    expect(rowsOf(world, `${team}/older`)).toEqual([]);
    expect(rowsOf(world, `${team}/younger`)).toHaveLength(1);
  });
});
