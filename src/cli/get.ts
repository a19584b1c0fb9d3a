import { gitIntegrations } from '../api/group.ts';
import { parseConnectionStatus } from '../api/v1alpha1/connection-status.ts';
import { parseGitIntegrationStatus } from '../api/v1alpha1/git-integration-status.ts';
import type { Condition } from '../api/v1alpha1/shared.ts';
import { createInformer } from '../kube/informer.ts';
import { silentLog } from '../kube/log.ts';
import { apiVersionOf, type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { type Cluster, getObject } from './cluster.ts';
import { toJson, toYaml } from './documents.ts';
import {
  CliError,
  clearScreen,
  count,
  exitCodes,
  type Io,
  type OutputFormat,
  painter,
  printable,
  sentence,
  shortAge,
} from './io.ts';
import { recordOf } from './lint/manifests.ts';
import { table } from './table.ts';

/** Options of `get`. */
export interface GetOptions {
  resource: Resource;
  /** Empty for all. */
  names: readonly string[];
  allNamespaces: boolean;
  output: OutputFormat;
  /** Goes on until Ctrl-C, and prints what changes. */
  watch: boolean;
  /** Waits until all are Ready, for so long. */
  waitMs: number | undefined;
}

/**
 * Shows objects as a table that fits a terminal of 100 columns.
 *
 * @returns the exit code: with `waitMs`, 1 when one of them can't become Ready or time is up
 */
export async function get(options: GetOptions, cluster: Cluster, io: Io): Promise<number> {
  if (options.waitMs !== undefined) return waitUntilReady(options, options.waitMs, cluster, io);
  if (options.watch) return watch(options, cluster, io);
  const objects = await read(options, cluster, io.signal);
  print(objects, options, io);
  return exitCodes.ok;
}

async function read(
  { resource, names, allNamespaces }: GetOptions,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  if (names.length > 0) return Promise.all(names.map((name) => getObject(cluster, resource, name, signal)));
  const scope = resource.namespaced && !allNamespaces ? { namespace: cluster.namespace } : {};
  const { items } = await cluster.client.list(resource, { ...scope, signal });
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function print(objects: readonly KubeObject[], options: GetOptions, io: Io, withHead = true): void {
  const { resource, output, allNamespaces, names } = options;
  const complete = objects.map((object) => withType(object, resource));
  switch (output) {
    case 'json':
    case 'yaml': {
      const [only] = complete;
      const content = names.length === 1 && only ? only : { apiVersion: 'v1', kind: 'List', items: complete };
      io.out(output === 'json' ? toJson(content) : toYaml(content));
      return;
    }
    case 'name':
      io.out(
        objects
          .map(({ metadata }) => `${resource.kind.toLowerCase()}.${resource.group}/${metadata.name}\n`)
          .join(''),
      );
      return;
    case 'table':
    case 'wide':
      if (objects.length === 0) {
        const where = resource.namespaced && !allNamespaces ? ' in this namespace' : '';
        io.err(`There is no ${resource.kind}${where}.`);
      } else io.out(render(objects, options, io, withHead));
  }
}

/** Lists leave out what all items have in common. kubectl leaves out `managedFields`, too. */
function withType(object: KubeObject, resource: Resource): object {
  const { managedFields: _, ...metadata } = recordOf(object.metadata);
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...withoutHead(object) };
}

function withoutHead({ apiVersion: _version, kind: _kind, metadata: _metadata, ...rest }: KubeObject) {
  return rest;
}

/** What a status says in common for all kinds. */
export interface StatusSummary {
  /** As printed: `True`, `False`, `Unknown`, or `-` before the operator saw the object. */
  ready: string;
  reason: string;
  message: string;
  /** True once only a change by a user helps. */
  stalled: boolean;
  /** Whether the conditions are about the spec as it is now. */
  current: boolean;
}

/** Reads whether an object is Ready. */
export function readinessOf(object: KubeObject): StatusSummary {
  const conditions = conditionsOf(object);
  const find = (type: string) => conditions.find((condition) => condition.type === type);
  const ready = find('Ready');
  const { generation } = object.metadata;
  return {
    ready: ready?.status ?? '-',
    reason: ready?.reason ?? '-',
    message: ready?.message ?? 'The operator has not reported on it yet.',
    stalled: find('Stalled')?.status === 'True',
    current: ready !== undefined && ready.observedGeneration === generation,
  };
}

/** The conditions of an object of any of our kinds. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  return parseConnectionStatus(object['status']).conditions ?? [];
}

function render(objects: readonly KubeObject[], options: GetOptions, io: Io, withHead = true): string {
  const isWide = options.output === 'wide';
  const paint = painter(io);
  const columns = columnsOf(options, io.now()).filter(({ wide }) => isWide || !wide);
  const rows = objects.map((object) => columns.map(({ cell }) => sentence(cell(object)) || '-'));
  const readyAt = columns.findIndex(({ title }) => title === 'READY');
  const head = withHead ? [columns.map(({ title }) => title)] : [];
  return table([...head, ...rows], {
    ...(io.columns !== undefined && { columns: io.columns }),
    paint: (text, row, column) => {
      if (withHead && row === 0) return paint('bold', text);
      if (column !== readyAt) return text;
      const state = text.trim();
      if (state === 'True') return paint('green', text);
      return paint(state === 'False' ? 'red' : 'yellow', text);
    },
  });
}

interface Column {
  title: string;
  cell: (object: KubeObject) => string;
  wide?: true;
}

function columnsOf({ resource, allNamespaces }: GetOptions, now: number): Column[] {
  const namespace: Column[] =
    resource.namespaced && allNamespaces
      ? [{ title: 'NAMESPACE', cell: ({ metadata }) => metadata.namespace ?? '' }]
      : [];
  const name = { title: 'NAME', cell: ({ metadata }: KubeObject) => metadata.name };
  const ready = { title: 'READY', cell: (object: KubeObject) => readinessOf(object).ready };
  const reason = { title: 'REASON', cell: (object: KubeObject) => readinessOf(object).reason };
  const age = {
    title: 'AGE',
    cell: ({ metadata }: KubeObject) => shortAge(now - Date.parse(metadata.creationTimestamp)),
  };
  const message: Column = { title: 'MESSAGE', cell: (object) => readinessOf(object).message, wide: true };
  const spec = (field: string) => (object: KubeObject) => text(recordOf(object['spec'])[field]);
  const common = [...namespace, name, ready, reason];
  if (resource.kind !== gitIntegrations.kind)
    return [
      ...common,
      { title: 'URL', cell: spec('url') },
      { title: 'ACCOUNT', cell: (object) => parseConnectionStatus(object['status']).account?.name ?? '' },
      age,
      { title: 'VERSION', cell: (object) => text(recordOf(object['status'])['serverVersion']), wide: true },
      message,
    ];
  const status = (object: KubeObject) => parseGitIntegrationStatus(object['status']);
  return [
    ...common,
    { title: 'PROVIDER', cell: spec('provider') },
    { title: 'PROJECT', cell: spec('project') },
    // The day is enough here, and the time makes the table too wide for a terminal.
    { title: 'EXPIRES', cell: (object) => status(object).credential?.expiresAt?.slice(0, 10) ?? '' },
    age,
    { title: 'ACCOUNT', cell: (object) => status(object).credential?.account ?? '', wide: true },
    { title: 'ALIAS', cell: (object) => status(object).registration?.alias ?? '', wide: true },
    { title: 'INSTALLATION', cell: (object) => text(status(object).installation?.id), wide: true },
    { title: 'URL', cell: spec('url'), wide: true },
    { title: 'SETTING', cell: (object) => status(object).registration?.id ?? '', wide: true },
    message,
  ];
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Follows the objects and calls back at each change, until that says `true` or the signal aborts. */
async function follow(
  { resource, names, allNamespaces }: GetOptions,
  { client, namespace }: Cluster,
  signal: AbortSignal,
  onChange: (objects: readonly KubeObject[], changed: KubeObject) => boolean,
): Promise<void> {
  const scope = resource.namespaced && !allNamespaces ? { namespaces: [namespace] } : {};
  const informer = createInformer({ client, resource, ...scope, log: silentLog });
  const end = new AbortController();
  const wanted = (object: KubeObject) => names.length === 0 || names.includes(object.metadata.name);
  let isSynced = false;
  const current = () =>
    [...informer.store.list()].filter(wanted).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  informer.onChange(({ object }) => {
    if (isSynced && wanted(object) && onChange(current(), object)) end.abort();
  });
  const both = AbortSignal.any([signal, end.signal]);
  const running = informer.run(both);
  await informer.whenSynced(both).catch(() => undefined);
  isSynced = true;
  const [first] = current();
  if (first && onChange(current(), first)) end.abort();
  await running;
}

/** Prints each object as a separate document, so that a reader need not wait for the end of a list. */
function printEach(objects: readonly KubeObject[], options: GetOptions, io: Io, withHead: boolean): void {
  const { output, resource } = options;
  if (output !== 'json' && output !== 'yaml') print(objects, options, io, withHead);
  else
    for (const object of objects) {
      const complete = withType(object, resource);
      io.out(output === 'json' ? toJson(complete) : `---\n${toYaml(complete)}`);
    }
}

async function watch(options: GetOptions, cluster: Cluster, io: Io): Promise<number> {
  // Once before: a kind that can't be listed would be waited for without a word.
  const first = await read(options, cluster, io.signal);
  if (io.columns === undefined || options.output === 'json' || options.output === 'yaml') {
    printEach(first, options, io, true);
    const seen = new Map(first.map((object) => [keyOf(object), object.metadata.resourceVersion]));
    await follow(options, cluster, io.signal, (objects) => {
      const news = objects.filter((object) => seen.get(keyOf(object)) !== object.metadata.resourceVersion);
      for (const object of news) seen.set(keyOf(object), object.metadata.resourceVersion);
      if (news.length > 0) printEach(news, options, io, first.length === 0);
      return false;
    });
    return exitCodes.ok;
  }
  let shown: readonly KubeObject[] = first;
  const draw = () => io.out(`${clearScreen}${render(shown, options, io)}`);
  io.onResize(draw);
  draw();
  await follow(options, cluster, io.signal, (objects) => {
    shown = objects;
    draw();
    return false;
  });
  return exitCodes.ok;
}

async function waitUntilReady(
  options: GetOptions,
  waitMs: number,
  cluster: Cluster,
  io: Io,
): Promise<number> {
  await read(options, cluster, io.signal);
  const timeUp = AbortSignal.timeout(waitMs);
  let last: readonly KubeObject[] = [];
  let printed = '';
  await follow(options, cluster, AbortSignal.any([io.signal, timeUp]), (objects) => {
    last = objects;
    const open = objects.filter((object) => !isReady(object));
    const progress = `Waiting for ${listed(open, options)}`;
    if (open.length > 0 && progress !== printed) io.err(progress);
    printed = progress;
    return open.length === 0 || open.some(isHopeless);
  });
  if (io.signal.aborted) throw new CliError('The command was stopped.', '');
  if (last.length === 0)
    throw new CliError('There is nothing to wait for.', 'Check the name and the namespace.');
  print(last, options, io);
  const open = last.filter((object) => !isReady(object));
  if (open.length === 0) return exitCodes.ok;
  for (const object of open)
    io.err(`${shownName(object, options)}: ${sentence(readinessOf(object).message)}`);
  const why = open.some(isHopeless) ? 'cannot become Ready without a change' : 'not Ready in time';
  io.err(`${count(open.length, 'object')} ${why}.`);
  return exitCodes.negative;
}

/** The first few names. */
function listed(objects: readonly KubeObject[], options: GetOptions): string {
  const names = objects.slice(0, 5).map((object) => shownName(object, options));
  const more = objects.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function shownName(object: KubeObject, { allNamespaces }: GetOptions): string {
  return printable(allNamespaces ? keyOf(object) : object.metadata.name, 160);
}

function isReady(object: KubeObject): boolean {
  const { ready, current } = readinessOf(object);
  return ready === 'True' && current;
}

function isHopeless(object: KubeObject): boolean {
  const { stalled, current } = readinessOf(object);
  return stalled && current;
}
