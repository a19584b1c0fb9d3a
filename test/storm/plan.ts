import { pick, randomNumbers } from '../harness/random.ts';

/** The teams of a storm; each has a namespace. */
export const teams = ['a', 'b', 'c'] as const;
/** The CodeMie servers. */
export const servers = ['codemie', 'staging'] as const;
/** Projects that each server has. */
export const projects = ['demo', 'other'] as const;
/** Secrets of a team: two tokens of GitHub, one of GitLab, and the key of a GitHub App, which is never changed. */
const secrets = ['github-1', 'github-2', 'gitlab', 'app'] as const;
/** A team's two connections and the one that all teams share, with the server of each. */
export const connections = { own: 'codemie', staging: 'staging', shared: 'codemie' } as const;
const connectionNames = ['own', 'staging', 'shared'] as const;
/** Names of a team's integrations. */
const names = ['one', 'two', 'three', 'four'] as const;
const hosts = ['codemie', 'staging', 'login', 'github', 'gitlab'] as const;

export type Team = (typeof teams)[number];
export type Server = (typeof servers)[number];
export type SecretName = (typeof secrets)[number];
/** A server by what it is. */
type Host = (typeof hosts)[number];

/** What a team writes into `spec` of an integration. */
export interface Wanted {
  project: (typeof projects)[number];
  alias: string;
  connection: keyof typeof connections;
  secret: SecretName;
  adoptionPolicy: 'Never' | 'IfUnowned' | 'Always';
  suspend: boolean;
}

/** What a team does in the cluster, or a user in CodeMie. */
export type Action =
  | { do: 'create'; team: Team; name: string; wanted: Wanted }
  | { do: 'edit'; team: Team; name: string; wanted: Partial<Wanted> }
  | { do: 'delete'; team: Team; name: string }
  | { do: 'rotate'; team: Team; secret: Exclude<SecretName, 'app'>; to: 'valid' | 'invalid' }
  | { do: 'remove secret'; team: Team; secret: Exclude<SecretName, 'app'> }
  | { do: 'make by hand'; server: Server; project: (typeof projects)[number]; alias: string }
  | { do: 'change by hand'; team: Team; name: string }
  | { do: 'remove by hand'; team: Team; name: string };

/** What goes wrong, and for how long. */
export type Trouble = { forMs: number } & (
  | { do: 'kill the API server' | 'kill etcd' | 'hold the API server' | 'cut the API server' | 'take rights' }
  | { do: 'kill' | 'stop' | 'pause' | 'step the clock' }
  | { do: 'break the way'; host: Host; how: 'refuse' | 'hang' | 'reset' | 'certificate' }
  | { do: 'fail the Git host'; host: 'github' | 'gitlab'; how: GitHostTrouble }
  | { do: 'fail writes'; server: Server; how: WriteTrouble; share: number; seed: number }
  | { do: 'fail reads'; server: Server; share: number; seed: number }
  | { do: 'lose the database'; server: Server; how: 'down' | 'downBehindLogin' }
  | { do: 'fail the login'; how: 'down' | 'slow' | 'html' }
);
export type GitHostTrouble = 'error' | 'html' | 'hang' | 'reset' | 'cut' | 'drip' | 'limit' | 'unauthorized';
export type WriteTrouble =
  | 'drop before'
  | 'drop after'
  | '500 before'
  | '500 after'
  | '504 after'
  | 'slow'
  | '429';

/** Something that happens at a time, from the beginning of its round. */
export type Step = { atMs: number } & (Action | Trouble);

/** Rounds of a storm; after each there is a calm, in which everything is checked. */
export type Plan = readonly (readonly Step[])[];

export interface PlanSize {
  rounds: number;
  /** How long something new happens in each. */
  roundMs: number;
  /** Of users, in each. */
  actions: number;
  /** In each. */
  troubles: number;
}

/** A storm of about half a minute on a quiet machine, calms included. */
const usualSize: PlanSize = { rounds: 3, roundMs: 5_000, actions: 24, troubles: 5 };

/** The storm of a seed: always the same, in this version of the project. */
export function planOf(seed: number, size: PlanSize = usualSize): Plan {
  const random = randomNumbers(seed);
  return Array.from({ length: size.rounds }, (_, round) => {
    const at = (within: number): number => Math.floor(random() * within);
    const actions = Array.from({ length: size.actions }, (): Step => {
      // In the first round there has to be something first.
      const isFirst = round === 0 && random() < 0.5;
      return { atMs: at(size.roundMs), ...(isFirst ? creation(random) : action(random)) };
    });
    const troubles = Array.from(
      { length: size.troubles },
      (): Step => ({ atMs: at(size.roundMs), ...trouble(random) }),
    );
    return [...actions, ...troubles].toSorted((a, b) => a.atMs - b.atMs);
  });
}

function wanted(random: () => number, team: Team): Wanted {
  return {
    project: pick(random, projects),
    // Two of a team's own, and two that all teams want.
    alias: pick(random, [`${team} 1`, `${team} 2`, `${team} 3`, 'common 1', 'common 2']),
    connection: pick(random, connectionNames),
    secret: pick(random, secrets),
    adoptionPolicy: pick(random, ['Never', 'Never', 'IfUnowned', 'Always']),
    suspend: false,
  };
}

function creation(random: () => number): Action {
  const team = pick(random, teams);
  return { do: 'create', team, name: pick(random, names), wanted: wanted(random, team) };
}

function action(random: () => number): Action {
  const team = pick(random, teams);
  const name = pick(random, names);
  const all = wanted(random, team);
  const token = pick(random, ['github-1', 'github-2', 'gitlab'] as const);
  return pick<() => Action>(random, [
    () => ({ do: 'create', team, name, wanted: all }),
    () => ({ do: 'create', team, name, wanted: all }),
    () => ({ do: 'create', team, name, wanted: all }),
    () => ({ do: 'edit', team, name, wanted: { alias: all.alias } }),
    () => ({ do: 'edit', team, name, wanted: { alias: all.alias, project: all.project } }),
    () => ({ do: 'edit', team, name, wanted: { connection: all.connection } }),
    () => ({ do: 'edit', team, name, wanted: { secret: all.secret } }),
    () => ({ do: 'edit', team, name, wanted: all }),
    () => ({ do: 'edit', team, name, wanted: { suspend: random() < 0.4 } }),
    () => ({ do: 'delete', team, name }),
    () => ({ do: 'delete', team, name }),
    () => ({ do: 'rotate', team, secret: token, to: random() < 0.7 ? 'valid' : 'invalid' }),
    () => ({ do: 'rotate', team, secret: token, to: 'valid' }),
    () => ({ do: 'remove secret', team, secret: token }),
    () => ({ do: 'make by hand', server: pick(random, servers), project: all.project, alias: all.alias }),
    () => ({ do: 'change by hand', team, name }),
    () => ({ do: 'remove by hand', team, name }),
  ])();
}

function trouble(random: () => number): Trouble {
  const forMs = 200 + Math.floor(random() * 3_000);
  const server = pick(random, servers);
  const host = pick(random, hosts);
  const seed = Math.floor(random() * 2 ** 31);
  const share = 0.3 + random() * 0.7;
  return pick<() => Trouble>(random, [
    () => ({ do: 'kill the API server', forMs }),
    () => ({ do: 'kill etcd', forMs }),
    () => ({ do: 'hold the API server', forMs }),
    () => ({ do: 'cut the API server', forMs: 0 }),
    () => ({ do: 'take rights', forMs }),
    () => ({ do: 'kill', forMs: forMs / 4 }),
    () => ({ do: 'kill', forMs: forMs / 4 }),
    () => ({ do: 'stop', forMs: forMs / 4 }),
    () => ({ do: 'pause', forMs }),
    () => ({ do: 'step the clock', forMs: 0 }),
    () => ({
      do: 'break the way',
      host,
      how: pick(random, ['refuse', 'hang', 'reset', 'certificate']),
      forMs,
    }),
    () => ({
      do: 'fail the Git host',
      host: pick(random, ['github', 'gitlab']),
      how: pick<GitHostTrouble>(random, [
        'error',
        'html',
        'hang',
        'reset',
        'cut',
        'drip',
        'limit',
        'unauthorized',
      ]),
      forMs,
    }),
    ...[1, 2, 3].map(() => (): Trouble => {
      const ways = [
        'drop before',
        'drop after',
        '500 before',
        '500 after',
        '504 after',
        'slow',
        '429',
      ] as const;
      return { do: 'fail writes', server, how: pick<WriteTrouble>(random, ways), share, seed, forMs };
    }),
    () => ({ do: 'fail reads', server, share, seed, forMs }),
    () => ({ do: 'lose the database', server, how: pick(random, ['down', 'downBehindLogin']), forMs }),
    () => ({ do: 'fail the login', how: pick(random, ['down', 'slow', 'html']), forMs }),
  ])();
}

/** A plan for readers, a line for each step. */
export function describePlan(plan: Plan): string {
  return plan
    .flatMap((steps, round) => [
      `round ${round + 1}`,
      ...steps.map(({ atMs, do: what, ...rest }) => {
        const details = Object.entries(rest).map(
          ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
        );
        return `  ${(atMs / 1000).toFixed(1)} s  ${what}  ${details.join(' ')}`;
      }),
    ])
    .join('\n');
}
