import { describe, expect, it } from 'vitest';
import { gitHubIntegration, rowsOf } from '../cluster/objects.ts';
import { kinds } from '../harness/cluster.ts';
import { startRelay } from '../harness/relay.ts';
import { makeTeam, openStage, type Replica, type Stage } from './replicas.ts';
import { createServiceAccount, type IssuedToken, type ServiceAccount } from './service-account.ts';

const own = { connectionRef: { kind: 'CodeMieConnection', name: 'own0' } };

/** An operator as a Pod has it: with a token that changes, and no more rights than it needs. */
async function startWithLeastRights(
  stage: Stage,
  namespaces: string[],
  kubeconfig = stage.kubeconfig,
): Promise<{ account: ServiceAccount; token: IssuedToken; operator: Replica }> {
  const account = await createServiceAccount(stage.cluster, kubeconfig, stage.system);
  for (const namespace of namespaces) await account.grant(namespace);
  const token = await account.newToken();
  await account.use(token);
  const args = [`--watch-namespaces=${namespaces.join(',')}`, '--leader-elect=true'];
  const operator = await stage.start('only', args, { kubeconfig: account.kubeconfigPath });
  return { account, token, operator };
}

const apply = ({ cluster }: Stage, key: string) =>
  cluster.create(kinds.integration, gitHubIntegration(key, own));

describe.concurrent('an operator whose', () => {
  it('token is revoked goes on as soon as there is another one', async (context) => {
    const stage = await openStage(context);
    const { cluster, team } = stage;
    const { account, token, operator } = await startWithLeastRights(stage, [team]);
    await apply(stage, `${team}/before`);
    await cluster.waitForConditions(`${team}/before`, { Ready: 'True/Ready' });

    await account.use(await account.newToken());
    await token.revoke();
    await apply(stage, `${team}/after`);
    await cluster.waitForConditions(`${team}/after`, { Ready: 'True/Ready' });
    expect(rowsOf(stage.world, `${team}/after`)).toHaveLength(1);
    expect(operator.output()).not.toContain('The operator failed');
    await account.close();
  });

  it('rights in a namespace are taken works on in the others, and there again when they are given back', async (context) => {
    const stage = await openStage(context);
    const { cluster, world, team } = stage;
    const other = await makeTeam(cluster, world);
    const relay = await startRelay(stage.kubeconfig);
    const { account, operator } = await startWithLeastRights(stage, [team, other], relay.kubeconfigPath);
    for (const namespace of [team, other]) {
      await apply(stage, `${namespace}/kept`);
      await apply(stage, `${namespace}/gone`);
      await cluster.waitForConditions(`${namespace}/kept`, { Ready: 'True/Ready' });
    }

    await account.revoke(other);
    // Rights are asked for when a watch begins.
    relay.cut();
    await cluster.waitFor('the refusal', async () =>
      (await operator.metrics()).includes('verb="watch",resource="gitintegrations",code="403"'),
    );
    for (const namespace of [team, other]) {
      await apply(stage, `${namespace}/late`);
      await cluster.delete(kinds.integration, `${namespace}/gone`);
    }
    await cluster.waitForConditions(`${team}/late`, { Ready: 'True/Ready' });
    await cluster.waitForGone(kinds.integration, `${team}/gone`);
    expect((await cluster.get(kinds.integration, `${other}/late`))?.['status']).not.toHaveProperty(
      'conditions',
    );

    await account.grant(other);
    await cluster.waitForConditions(`${other}/late`, { Ready: 'True/Ready' });
    await cluster.waitForGone(kinds.integration, `${other}/gone`);
    expect(await operator.metrics()).toContain('codemie_cache_objects{resource="gitintegrations"} 4\n');
    await account.close();
    await relay.close();
  });
});
