import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { kinds } from '../harness/cluster.ts';
import { gatewayError } from '../harness/peers/codemie/faults.ts';
import {
  gitHubIntegration,
  reconciled,
  requestReconcile,
  rowsOf,
  storeGitHubToken,
  waitForConnection,
} from './objects.ts';
import {
  alertsOfInstallation,
  alertsOfOperators,
  alertsOfProcess,
  alertsWithoutFault,
  type Fault,
  follow,
  readRunbook,
  runbookPages,
  runSection,
} from './runbook.ts';
import { clientCredentials, useSuite } from './suite.ts';

const suite = useSuite({ running: false });
const dayMs = 24 * 3_600_000;
let namespace: string;

beforeAll(async () => {
  namespace = await suite.team();
  const args = [`--operator-namespace=${suite.system}`, `--cluster-name=${suite.system}`];
  const scope = [`--watch-namespaces=${namespace}`, '--cluster-connections=true'];
  suite.operator = await suite.start({ args: [...args, ...scope] });
});
afterAll(() => suite.world?.calm());

describe('the runbooks', async () => {
  const pages = await runbookPages();

  it('have a fault each that they are followed against', () => {
    expect(
      [...alertsOfProcess, ...alertsOfOperators, ...alertsOfInstallation, ...alertsWithoutFault].toSorted(),
    ).toEqual(pages.toSorted());
  });

  it.each(pages)('%s says impact, urgency, diagnosis, fix and verification, in this order', async (page) => {
    const headings = /^# .*\(critical\)$|^# .*\(warning\)$|^\*\*Impact:\*\*|^\*\*Can it wait\?\*\*|^## .*$/gm;
    expect((await readRunbook(page)).match(headings)).toEqual([
      expect.stringMatching(`^# ${page} `),
      '**Impact:**',
      '**Can it wait?**',
      '## Diagnose',
      '## Fix',
      '## Verify',
    ]);
  });
});

/** Creates an integration with the token of the Secret of its name, and waits until it is Ready. */
async function ready(name: string, spec: object = {}, token: object = {}): Promise<string> {
  const key = `${namespace}/${name}`;
  const auth = { token: { secretRef: { name }, ...token } };
  await suite.cluster.create(kinds.integration, gitHubIntegration(key, { auth, ...spec }));
  await suite.cluster.waitForConditions(key, { Ready: 'True/Ready' });
  return key;
}

const set = (key: string, path: string, value: unknown) =>
  suite.cluster.patch(kinds.integration, key, [{ op: 'add', path: `/spec/${path}`, value }]);

/** Stores another token of that user in a Secret, as someone who rotates it. */
async function rotate(name: string, login = 'octocat', expiresAt?: Date): Promise<void> {
  const token = suite.secret('ghp_');
  suite.world.github.addToken({ token, login, ...(expiresAt && { expiresAt }) });
  await suite.cluster.setSecret(`${namespace}/${name}`, 'token', token);
}

const storeRejected = (name: string) =>
  suite.cluster.setSecret(`${namespace}/${name}`, 'token', suite.secret('ghp_'));

const dateOf = (date: Date): string => date.toISOString().slice(0, 10);
const expiryOf = (name: string): RegExp =>
  new RegExp(
    `^codemie_git_integration_credential_expiry_timestamp_seconds\\{namespace="${namespace}",name="${name}"\\}`,
    'm',
  );

/** Changes the host of an integration in CodeMie, as a user does in its form, and has it compared. */
async function editInCodeMie(key: string): Promise<void> {
  const { cluster, world } = suite;
  // What the operator wrote itself counts as known after another reconcile.
  await reconciled(cluster, key, { Ready: 'True/Ready' });
  const [row] = rowsOf(world, key);
  if (!row) throw new Error(`CodeMie has no integration of ${key}.`);
  const others = row.credential_values.filter((each) => each.key !== 'url');
  row.credential_values = [...others, { key: 'url', value: 'https://github.somewhere.example' }];
  row.update_date = new Date(Date.now() + 1000).toISOString().replace('Z', '001');
  await requestReconcile(cluster, kinds.integration, key);
}

/** Another connection of the cluster, with its Secret. */
async function sharedConnection(name: string): Promise<string> {
  const { cluster, world, system } = suite;
  await cluster.createSecret(`${system}/${name}`, { clientSecret: world.clientSecret });
  const spec = { url: world.codemie.url, auth: clientCredentials(world, name) };
  await cluster.create(kinds.clusterConnection, { metadata: { name }, spec });
  onTestFinished(() => cluster.delete(kinds.clusterConnection, name));
  await waitForConnection(cluster, kinds.clusterConnection, name, { Ready: 'True/Ready' });
  return name;
}

/** The fault of each alert, once everything that it needs is Ready. */
const faults: Record<(typeof alertsOfProcess)[number], () => Promise<Fault>> = {
  async GitCredentialExpired() {
    const token = await storeGitHubToken(suite, `${namespace}/expired`);
    const key = await ready('expired', {}, { expiresAt: new Date(Date.now() + 300 * dayMs).toISOString() });
    const past = new Date(Date.now() - dayMs);
    const future = new Date(Date.now() + 200 * dayMs);
    return {
      name: 'expired',
      async cause() {
        suite.world.github.expireToken(token);
        await set(key, 'auth/token/expiresAt', past.toISOString());
      },
      diagnosis: [/The token in Secret "expired" \(key "token"\) has expired/, new RegExp(dateOf(past))],
      async fix() {
        await rotate('expired');
        await set(key, 'auth/token/expiresAt', future.toISOString());
      },
      verification: new RegExp(`expired +True +Ready .*${dateOf(future)}`),
    };
  },

  async GitCredentialExpiring() {
    const [soon, late] = [new Date(Date.now() + 3 * dayMs), new Date(Date.now() + 300 * dayMs)];
    await storeGitHubToken(suite, `${namespace}/expiring`);
    await ready('expiring');
    return {
      name: 'expiring',
      cause: () => rotate('expiring', 'octocat', soon),
      diagnosis: [/Type: +CredentialExpiring/, new RegExp(dateOf(soon)), expiryOf('expiring')],
      fix: () => rotate('expiring', 'octocat', late),
      verification: new RegExp(`expiring +True +Ready .*${dateOf(late)}`),
    };
  },

  async GitIntegrationNotReady() {
    await storeGitHubToken(suite, `${namespace}/rejected`);
    await ready('rejected');
    return {
      name: 'rejected',
      cause: () => storeRejected('rejected'),
      diagnosis: [/rejected the token in Secret "rejected"/, /name="rejected",type="Ready",status="False"/],
      fix: () => rotate('rejected'),
      verification: /^rejected +True +Ready /m,
    };
  },

  async GitIntegrationsStalled() {
    await storeGitHubToken(suite, `${namespace}/shared`);
    const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `many-${letter}`);
    const auth = { token: { secretRef: { name: 'shared' } } };
    await Promise.all(names.map((name) => ready(name, { auth })));
    return {
      cause: () => storeRejected('shared'),
      diagnosis: [
        ...names.map(
          (name) => new RegExp(`^${namespace} +${name} +False .*rejected the token in Secret`, 'm'),
        ),
        /^codemie_git_integrations\{type="Stalled",status="True",reason="Unauthorized"\} [5-9]/m,
      ],
      fix: () => rotate('shared'),
      verification: new RegExp(names.map((name) => `${namespace} +${name} +True [^]*`).join('')),
    };
  },

  async GitIntegrationDrifted() {
    await storeGitHubToken(suite, `${namespace}/drifted`);
    const key = await ready('drifted', { driftPolicy: 'Report' });
    return {
      name: 'drifted',
      cause: () => editInCodeMie(key),
      diagnosis: [/Type: +Drifted/, /changed url/, /name="drifted",type="Drifted",status="True"/],
      fix: () => set(key, 'driftPolicy', 'Correct'),
      verification: /^(?![^]*Type: +Drifted)[^]*Type: +Ready/,
    };
  },

  async GitIntegrationDriftRecurring() {
    await storeGitHubToken(suite, `${namespace}/contested`);
    const key = await ready('contested');
    return {
      cause: () => editInCodeMie(key),
      diagnosis: [
        /DriftCorrected +gitintegration\/contested +Someone changed url/,
        /^codemie_git_integration_drift_corrected_total [1-9]/m,
      ],
      async fix() {
        await set(key, 'driftPolicy', 'Report');
        await editInCodeMie(key);
        await suite.cluster.waitForConditions(key, { Drifted: 'True' });
      },
      // The second edit was not corrected.
      verification: /^(?!(?:[^]*gitintegration\/contested){2})[^]*gitintegration\/contested/,
    };
  },

  async GitIntegrationRegistrationsOrphaned() {
    await storeGitHubToken(suite, `${namespace}/orphaned`);
    const key = await ready('orphaned');
    const [row] = rowsOf(suite.world, key);
    return {
      async cause() {
        const { projects } = suite.world.login;
        projects.delete('demo');
        onTestFinished(() => void projects.set('demo', true));
        await suite.cluster.delete(kinds.integration, key);
        await suite.cluster.waitForGone(kinds.integration, key);
        projects.set('demo', true);
      },
      diagnosis: [
        new RegExp(`RegistrationOrphaned +gitintegration/orphaned +Integration ${row?.id} `),
        new RegExp(`left behind in CodeMie.*${row?.id}|${row?.id}.*left behind in CodeMie`),
        /^codemie_git_integration_registrations_orphaned_total [1-9]/m,
      ],
      async fix() {
        suite.world.codemie.remove(row?.id ?? '');
        await suite.cluster.waitFor('it to be gone', () =>
          Promise.resolve(rowsOf(suite.world, key).length === 0),
        );
      },
      verification: /^(?![^]*orphaned +Integration[^]*orphaned +Integration)/,
    };
  },

  async CodeMieConnectionNotReady() {
    const name = await sharedConnection('runbook-login');
    const store = (value: string) =>
      suite.cluster.setSecret(`${suite.system}/${name}`, 'clientSecret', value);
    return {
      cause: () => store(suite.secret('wrong')),
      diagnosis: [
        /^runbook-login +False +Unauthorized +\S+/m,
        /kind="ClusterCodeMieConnection",namespace="",name="runbook-login",type="Ready",status="False"/,
      ],
      fix: () => store(suite.world.clientSecret),
      verification: /^runbook-login +True +Ready /m,
    };
  },

  async CodeMieUnreachable() {
    const name = await sharedConnection('runbook-outage');
    const { internet } = suite.world;
    return {
      async cause() {
        internet.setFault('codemie.example.com', { kind: 'refuse' });
        await requestReconcile(suite.cluster, kinds.clusterConnection, name);
      },
      diagnosis: [
        /^runbook-outage +True +Ready +Not confirmed at the moment: .*codemie\.example\.com/m,
        /Warning +CodeMieUnreachable +clustercodemieconnection\/runbook-outage/,
        /^codemie_http_requests_total\{target="codemie",host="codemie\.example\.com",.*result="Proxy"\}/m,
      ],
      async fix() {
        internet.setFault('codemie.example.com', undefined);
        await waitForConnection(suite.cluster, kinds.clusterConnection, name, {
          Ready: 'True',
          Reconciling: '',
        });
      },
      verification: /^runbook-outage +True +Ready +(?!Not confirmed)/m,
    };
  },

  async GitProviderUnreachable() {
    await storeGitHubToken(suite, `${namespace}/outage`);
    const key = await ready('outage');
    const { internet } = suite.world;
    return {
      async cause() {
        internet.setFault('api.github.com', { kind: 'refuse' });
        await requestReconcile(suite.cluster, kinds.integration, key);
      },
      diagnosis: [
        / outage +True +ProviderUnreachable +Not confirmed at the moment: .*github\.com/,
        /Warning +ProviderUnreachable +gitintegration\/outage/,
        /^codemie_http_requests_total\{target="provider",host="api\.github\.com",.*result="Proxy"\}/m,
      ],
      async fix() {
        internet.setFault('api.github.com', undefined);
        await requestReconcile(suite.cluster, kinds.integration, key);
      },
      verification: / outage +True +<none> /,
    };
  },

  async GitProviderRateLimited() {
    const { cluster, world } = suite;
    await cluster.createSecret(`${namespace}/limited`, { token: suite.secret('ghp_') });
    await rotate('limited', 'busy');
    const key = await ready('limited');
    return {
      async cause() {
        world.github.setRateLimit('busy', { used: 5000 });
        await requestReconcile(cluster, kinds.integration, key);
      },
      diagnosis: [/ limited +True +RateLimited /],
      fix: () => rotate('limited', 'quiet'),
      verification: / limited +True +<none> /,
    };
  },

  async CodeMieGitOperatorReconcileErrors() {
    await storeGitHubToken(suite, `${namespace}/failing`);
    const { codemie } = suite.world;
    return {
      async cause() {
        codemie.faults.decide(() => ({ outcome: gatewayError(503, 'beforeCommit') }));
        const auth = { token: { secretRef: { name: 'failing' } } };
        await suite.cluster.create(kinds.integration, gitHubIntegration(`${namespace}/failing`, { auth }));
      },
      diagnosis: [
        / failing +Unknown +CodeMieUnreachable /,
        /"key":"\S+\/failing".*Reconciling failed/,
        /^controller_runtime_reconcile_errors_total\{controller="gitintegration"\} [1-9]/m,
      ],
      fix: () => Promise.resolve(codemie.faults.decide(undefined)),
      verification: / failing +True +<none> /,
    };
  },
};

describe('the runbook without a fault', () => {
  it.each(alertsWithoutFault)('%s finds the line that the operator would log', async (alert) => {
    const { cluster, operator, system } = suite;
    const source = await readFile(join(import.meta.dirname, '../../src/kube/controller.ts'), 'utf8');
    const [, message = ''] = /'(A reconcile ignored its deadline.*?)'/.exec(source) ?? [];
    const line = JSON.stringify({ level: 'error', key: 'a/b', msg: message });
    const shell = {
      cluster,
      namespace,
      system,
      logs: () => `${operator.output()}\n${line}\n`,
      metrics: () => operator.metrics(),
    };
    expect(await runSection(alert, 'Diagnose', shell)).toBe(`${line}\n`);
    await expect(runSection(alert, 'Verify', shell)).resolves.toBe('');
  });
});

describe('the runbook is followed against its fault:', () => {
  it.each(alertsOfProcess)('%s', async (alert) => {
    const { cluster, operator, system } = suite;
    const fault = await faults[alert]();
    onTestFinished(() => suite.world.calm());
    const shell = {
      cluster,
      namespace,
      system,
      logs: () => operator.output(),
      metrics: () => operator.metrics(),
    };
    await expect(follow(alert, fault, shell)).resolves.toBeUndefined();
  });
});
