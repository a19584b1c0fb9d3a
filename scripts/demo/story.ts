import { randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { showCodeMie } from './codemie-view.ts';
import { namespace, setToken, show, showMessage, waitFor, waitForCondition } from './kubectl.ts';
import { beDown, correctDrift, refuseBadRotation, remove, rotate, warnOfExpiry } from './scenes.ts';
import { projectFolder, type SecretValues, type Stage } from './stage.ts';
import { good, heading, print, prompt } from './terminal.ts';

/**
 * Plays what a user would see, with the manifests of `examples/` as they are.
 *
 * @param keep whether it goes on after the end
 */
export async function tell(stage: Stage, keep: boolean): Promise<void> {
  const registered = await applyExamples(stage);
  await explainBadToken(stage);
  const rotation = await rotate(stage);
  await refuseBadRotation(stage);
  await warnOfExpiry(stage);
  const correction = await correctDrift(stage);
  const recovery = await beDown(stage);
  await remove(stage);
  heading('What CodeMie holds now');
  showCodeMie(stage.world);

  heading('What you have just seen');
  good(`${registered} integrations registered from manifests, each credential validated first`);
  good('a placeholder named, with its Secret and key, and registered once it was replaced');
  good(`a rotated token in CodeMie ${rotation} after its Secret changed`);
  good('a revoked token kept out of CodeMie, which went on with the one that works');
  good('a warning before a token expires');
  good(`a change by hand in CodeMie undone after ${correction}`);
  good(`an outage of CodeMie ridden out: the new token was there ${recovery} after it was back`);
  good('a deleted manifest, a deleted integration');
  if (keep) return;
  print();
  print('Try it yourself:   npm run demo -- --keep');
  print('On your cluster:   docs/install.md');
}

async function applyExamples(stage: Stage): Promise<number> {
  const { run, secrets } = stage;
  heading('Apply the examples');
  // Other folders are for tools that are not here, such as Argo CD.
  const files = await Array.fromAsync(glob('examples/{quickstart/,}*.yaml', { cwd: projectFolder }));
  // The quickstart makes the namespace and the connection that the others need.
  const inOrder = files.toSorted((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  for (const file of inOrder) {
    prompt('kubectl', 'apply', '-f', file);
    print(await run(['apply', '-f', '-'], await fillIn(file, secrets)));
  }
  const list = ['get', 'gitintegrations', '-n', namespace];
  let seen = '';
  let registered = 0;
  await waitFor('the examples to settle', async () => {
    const [, ...rows] = (await run(list)).split('\n').map((line) => line.split(/ {2,}/));
    registered = rows.filter(([, ready]) => ready === 'True').length;
    const counts = `${registered} of ${rows.length} are Ready`;
    if (counts !== seen) print(counts);
    seen = counts;
    return rows.every(([, ready]) => ready === 'True' || ready === 'False');
  });
  await show(stage, ...list);
  print(
    'Several share github.com in one project. Each has a warning event for that (UsageLimited): a data source in CodeMie should name its integration, or CodeMie picks one by the URL.',
  );
  return registered;
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

async function explainBadToken(stage: Stage): Promise<void> {
  heading('One token is bad: its placeholder was never replaced');
  const name = 'github-pat';
  await showMessage(stage, name, 'Ready');
  print('Nothing was sent to GitHub or CodeMie.');
  const token = `ghp_${randomUUID()}`;
  stage.world.github.addToken({ token, login: 'octocat' });
  await setToken(stage, name, token);
  await waitForCondition(stage, name, 'Ready', 'True');
  good('With a good token in the Secret it is Ready. The integration itself was not touched.');
}
