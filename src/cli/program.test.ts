import { describe, expect, it } from 'vitest';
import { exitCodes } from './io.ts';
import { createProgram, type Run } from './program.ts';
import { testIo } from './testing.ts';

const leaves = [
  '',
  'lint',
  'get',
  'explain',
  'check',
  'import',
  'orphans',
  'create',
  'create token',
  'create app',
];
const actions = ['reconcile', 'suspend', 'resume', 'release', 'completion'];

/** Runs the program in this process, as far as it needs neither a cluster nor a server. */
async function run(args: readonly string[], given: Parameters<typeof testIo>[0] = {}) {
  const io = testIo(given);
  const result: Run = { exitCode: exitCodes.ok };
  const error: unknown = await createProgram(io, '1.2.3', result)
    .parseAsync([...args], { from: 'user' })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return { out: io.stdout(), err: io.stderr(), error, exitCode: result.exitCode };
}

describe('help', () => {
  it.each([...leaves, ...actions])('of codemie-git %s', async (name) => {
    const { out, err } = await run([...name.split(' ').filter(Boolean), '--help']);
    expect(out).toMatchSnapshot();
    expect(err).toBe('');
  });

  it('names every command', () => {
    const program = createProgram(testIo(), '1.2.3', { exitCode: 0 });
    const names = program.commands.map((command) => command.name());
    expect(names.toSorted()).toEqual(
      [...leaves.filter((name) => name !== '' && !name.includes(' ')), ...actions, 'complete'].toSorted(),
    );
  });

  it('prints the version', async () => expect((await run(['--version'])).out).toBe('1.2.3\n'));
});

describe("what can't be done as asked", () => {
  it.each([
    ['an unknown command', ['lnt']],
    ['an unknown option', ['get', '--al']],
    ['a missing argument', ['explain']],
    ['a format that there is not', ['get', '--output', 'xml']],
    ['a time that is none', ['get', '--wait', '--timeout', '5 minutes']],
    ['a rule that there is not', ['lint', '.', '--ignore', 'everything']],
    ['a provider that there is not', ['create', 'token', 'x', '--project', 'demo', '--provider', 'Gitea']],
    ['a host without a product', ['import', '--provider', 'git.example.com']],
    ['a number that is none', ['create', 'app', 'x', '--project', 'demo', '--app-id', 'Iv23']],
    ['a name in all namespaces', ['get', 'acme', '--all-namespaces']],
    ['names of two kinds', ['get', 'gint/acme', 'cmconn/own']],
    ['a name of no kind', ['get', 'pods/acme']],
    ['a connection to suspend', ['suspend', 'connection/default']],
    ['no kubeconfig', ['get']],
    ['a kubeconfig that is not there', ['get', '--kubeconfig', '/nowhere']],
    ['a credential from nowhere', ['check', '--provider', 'GitHub']],
    ['a variable that is not set', ['check', '--provider', 'GitHub', '--token-env', 'NO_SUCH_TOKEN']],
    ['a file that is not there', ['check', '--provider', 'GitHub', '--token-file', '/nowhere']],
    ['a name beside a credential', ['check', 'acme', '--provider', 'GitHub', '--token-env', 'X']],
    ['an import of a file that is not there', ['import', '--filename', '/nowhere']],
    ['a lint of nothing', ['lint', '/nowhere']],
  ])('%s', async (_name, args) => {
    const { out, err, error } = await run(args, { env: {} });
    expect(out).toBe('');
    expect({ err, error: error instanceof Error ? error.message : error }).toMatchSnapshot();
    expect(error).toBeInstanceOf(Error);
  });
});
