import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { decodeText, readFileBounded, readRegularFile, stdinName } from '../input.ts';
import { CliError, count, exitCodes, type Io, painter, printable } from '../io.ts';
import { inReadingOrder, type LintFinding, type LintFormat, type LintRule } from './finding.ts';
import { type Manifest, type ParsedFile, parseManifests } from './manifests.ts';
import { checkObject, isOurs } from './object-checks.ts';
import { formatLint } from './report.ts';
import { checkSet } from './set.ts';

/** Options of `lint`. */
export interface LintOptions {
  format: LintFormat;
  /** Namespace of manifests that name none. */
  namespace: string;
  operatorNamespace: string;
  /** Rules that are not reported. */
  ignore: readonly LintRule[];
  /** From which severity on the exit code is 1. */
  failOn: 'error' | 'warning';
}

const maxFiles = 50_000;
const endings: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

interface Source {
  file: string;
  /** Undefined for bytes that are not text. */
  text: string | undefined;
  /** Named by the user, and not found in a folder, where other things than manifests may be. */
  isNamed: boolean;
}

/**
 * Checks manifests without a cluster.
 *
 * @returns the exit code
 * @throws CliError when a path can't be read
 */
export async function lint(
  paths: readonly string[],
  options: LintOptions,
  io: Io,
  version: string,
): Promise<number> {
  const findings: LintFinding[] = [];
  const manifests: Manifest[] = [];
  let files = 0;
  for await (const source of sourcesOf(paths, io)) {
    io.signal.throwIfAborted();
    files += 1;
    if (files % 100 === 0) io.progress(`Read ${count(files, 'file')} …`);
    if (source.text === undefined) {
      findings.push(notText(source.file));
      continue;
    }
    const parsed = parseManifests(source.file, source.text);
    for (const manifest of parsed.manifests) manifests.push(manifest);
    findings.push(...syntaxFindings(source.isNamed, source.text, parsed));
  }
  const ours = manifests.filter(isOurs);
  for (const manifest of ours) findings.push(...checkObject(manifest));
  findings.push(...(await checkSet(manifests, options, io.signal)));
  const ignored: ReadonlySet<string> = new Set(options.ignore);
  const kept = inReadingOrder(findings.filter(({ rule }) => !ignored.has(rule)));
  const result = { findings: kept, files, objects: ours.length };
  io.out(formatLint(result, options.format, painter(io), version));
  if (ours.length === 0 && kept.length === 0)
    io.err(`No object of codemie.ai is in ${count(files, 'file')}. Check the path.`);
  const fails = kept.some(({ severity }) => severity === 'error' || options.failOn === 'warning');
  return fails ? exitCodes.negative : exitCodes.ok;
}

function notText(file: string): LintFinding {
  const message = 'The file is not text in UTF-8. Check that it is a manifest, and save it as UTF-8.';
  return { rule: 'yaml-syntax', severity: 'error', file, position: { line: 1, column: 1 }, message };
}

function syntaxFindings(isNamed: boolean, text: string, { faults }: ParsedFile): LintFinding[] {
  // A folder may hold templates of charts and other YAML that is none of our business.
  if (!isNamed && !text.includes('codemie.ai/')) return [];
  return faults.map(({ file, position, message, hint }) => ({
    rule: 'yaml-syntax',
    severity: 'error',
    file,
    position,
    message: `${message} ${hint}`,
  }));
}

async function* sourcesOf(paths: readonly string[], io: Io): AsyncGenerator<Source> {
  // `lint manifests/ manifests/a.yaml` reads that file once: twice, its objects would be declared twice.
  const read = new Set<string>();
  const isNew = (path: string) => read.size < read.add(resolve(path)).size;
  // Whichever of the two comes first, the file counts as named.
  const named = new Set(paths.map((path) => resolve(path)));
  for (const path of new Set(paths)) {
    if (path === '-') {
      yield { file: stdinName, text: textOf(await io.stdin()), isNamed: true };
      continue;
    }
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new CliError(`There is no file or folder ${printable(path)}.`, 'Check the path.');
    if (!found.isDirectory()) {
      if (isNew(path)) yield { file: path, text: textOf(await readFileBounded(path)), isNamed: true };
      continue;
    }
    for (const file of await filesBelow(path)) {
      if (!isNew(file)) continue;
      const bytes = readRegularFile(file);
      const text = textOf(bytes);
      // Files that are not named on the command line only count if they seem to be of this API.
      const isNamed = named.has(resolve(file));
      if (isNamed || text !== undefined || bytes.includes('codemie.ai/')) yield { file, text, isNamed };
    }
  }
}

function textOf(bytes: Buffer | Uint8Array): string | undefined {
  try {
    return decodeText(bytes, '');
  } catch {
    return undefined;
  }
}

/**
 * The manifests below a folder. A link to a file is followed, as kubectl does: a mounted ConfigMap has nothing else.
 * A link to a folder is not, because it may lead round in a circle.
 *
 * @throws CliError for a folder or a link that can't be read, and for too many files
 */
async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of await entriesOf(path)) {
      const { name } = entry;
      const below = join(path, name);
      if (entry.isDirectory()) {
        if (!name.startsWith('.') && name !== 'node_modules') await walk(below);
      } else if (endings.has(extname(name)) && (entry.isFile() || (await leadsToFile(entry, below))))
        files.push(below);
      if (files.length > maxFiles)
        throw new CliError(
          `The folder ${printable(folder)} has more than ${maxFiles} files of YAML and JSON.`,
          'Name a smaller one.',
        );
    }
  };
  await walk(folder);
  return files.toSorted();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    throw new CliError(`The folder ${printable(folder)} can't be read.`, 'Check its permissions.');
  }
}

async function leadsToFile(entry: Dirent, path: string): Promise<boolean> {
  // Editors lock a file by a hidden link that leads nowhere.
  if (!entry.isSymbolicLink() || entry.name.startsWith('.')) return false;
  const target = await stat(path).catch(() => {
    throw new CliError(`The link ${printable(path)} leads nowhere.`, 'Correct or delete it.');
  });
  return target.isFile();
}
