import { randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { projectFolder, type SecretValues, type Stage } from './stage.ts';
import { heading, print, prompt, table } from './terminal.ts';

const namespace = 'team-a';
const patienceMs = 60_000;

/** Plays what a user would see, with the manifests of `examples/` as they are. */
export async function tell(stage: Stage): Promise<void> {
  await applyExamples(stage);
  await explainBadToken(stage);
  await rotate(stage);
  await remove(stage);
  showCodeMie(stage);
}

async function applyExamples({ run, secrets }: Stage): Promise<void> {
  heading('Apply the examples');
  // Other folders are for tools that are not here, such as Argo CD.
  const files = await Array.fromAsync(glob('examples/{quickstart/,}*.yaml', { cwd: projectFolder }));
  // The quickstart makes the namespace and the connection that the others need.
  const inOrder = files.toSorted((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  for (const file of inOrder) {
    prompt(`kubectl apply -f ${file}`);
    print(await run(['apply', '-f', '-'], await fillIn(file, secrets)));
  }
  const list = ['get', 'gitintegrations', '--namespace', namespace];
  let seen = '';
  await waitFor('the examples to settle', async () => {
    const shown = await run(list);
    const [, ...rows] = shown.split('\n').map((line) => line.split(/ {2,}/));
    const counts = `${rows.filter(([, ready]) => ready === 'True').length} of ${rows.length} are Ready`;
    if (counts !== seen) print(counts);
    seen = counts;
    return rows.every(([, ready]) => ready === 'True' || ready === 'False');
  });
  prompt(`kubectl ${list.join(' ')}`);
  print(await run(list));
}

function order(file: string): number {
  return file.includes('quickstart') ? 0 : 1;
}

/** The file with real values in place of its placeholders, as each example says in its second line. */
async function fillIn(file: string, secrets: SecretValues): Promise<string> {
  const text = await readFile(join(projectFolder, file), 'utf8');
  const documents = parseAllDocuments(text);
  for (const document of documents) {
    const name = document.getIn(['metadata', 'name']);
    if (document.get('kind') !== 'Secret' || typeof name !== 'string') continue;
    for (const [key, value] of Object.entries(secrets[name] ?? {}))
      document.setIn(['stringData', key], value);
  }
  return documents.map(String).join('---\n');
}

async function explainBadToken({ run, world }: Stage): Promise<void> {
  heading('One token is bad: its placeholder was never replaced');
  const name = 'github-pat';
  prompt(`kubectl get gitintegration ${name} --namespace ${namespace} --output jsonpath=…`);
  const path = '{range .status.conditions[*]}{.type}{"|"}{.status}{"|"}{.reason}{"|"}{.message}{"\\n"}{end}';
  const lines = await run([
    'get',
    'gitintegration',
    name,
    '--namespace',
    namespace,
    '--output',
    `jsonpath=${path}`,
  ]);
  table([['TYPE', 'STATUS', 'REASON', 'MESSAGE'], ...lines.split('\n').map((line) => line.split('|'))]);

  const token = `ghp_${randomUUID()}`;
  world.github.addToken({ token, login: 'octocat' });
  await setToken(run, name, token);
  await ready(run, name);
  print('With a good token in the Secret it becomes Ready automatically.');
}

async function rotate({ run, world }: Stage): Promise<void> {
  heading('A token is rotated');
  const before = world.codemie.rows().find((row) => row.alias === 'gitlab-pat');
  const token = `glpat-${randomUUID()}`;
  world.gitlab.addToken({ token, username: 'ci-bot' });
  const started = performance.now();
  await setToken(run, 'gitlab-pat', token);
  await waitFor('CodeMie to have the new token', async () =>
    world.codemie
      .rows()
      .some((row) => row.id === before?.id && row.credential_values.some(({ value }) => value === token)),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`CodeMie has the new token ${seconds} s later, in the same integration ${before?.id}.`);
}

async function remove({ run, world }: Stage): Promise<void> {
  heading('An integration is deleted');
  prompt(`kubectl delete gitintegration bitbucket-token --namespace ${namespace}`);
  print(await run(['delete', 'gitintegration', 'bitbucket-token', '--namespace', namespace]));
  if (world.codemie.rows().some((row) => row.alias === 'bitbucket-token'))
    throw new Error('CodeMie still has the integration that was deleted.');
  print('It is gone from CodeMie as well.');
}

function showCodeMie({ world }: Stage): void {
  heading('What CodeMie holds now');
  const secret = new Set(['token', 'private_key']);
  const shown = (key: string, value: unknown) => (secret.has(key) ? '**********' : String(value));
  const rows = world.codemie
    .rows()
    .map(({ project_name, alias, setting_type, credential_values }) => [
      project_name,
      alias,
      setting_type,
      credential_values.map(({ key, value }) => `${key}=${shown(key, value)}`).join(' '),
    ]);
  table([['PROJECT', 'ALIAS', 'SCOPE', 'VALUES'], ...rows]);
}

async function setToken(run: Stage['run'], secret: string, token: string): Promise<void> {
  prompt(`kubectl patch secret ${secret} --namespace ${namespace} --patch '{"stringData": {"token": "…"}}'`);
  const patch = JSON.stringify({ stringData: { token } });
  print(await run(['patch', 'secret', secret, '--namespace', namespace, '--patch', patch]));
}

async function ready(run: Stage['run'], name: string): Promise<void> {
  await run([
    'wait',
    `gitintegration/${name}`,
    '--namespace',
    namespace,
    '--for=condition=Ready',
    '--timeout=60s',
  ]);
}

async function waitFor(what: string, look: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > giveUpAt) throw new Error(`Waited in vain for ${what}.`);
    await sleep(200);
  }
}
