import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { cacheFolder, makeOnce } from '../harness/cache.ts';
import { freePort } from '../harness/control-plane/ports.ts';
import { startProcess } from '../harness/control-plane/processes.ts';

const run = promisify(execFile);

const version = '26.4.7';
const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
const sha256 = 'dd9834c023460be856f731423d86228c23b5d002194a2064642bec0cc6573eaa';
/** 159 MB over a slow network. */
const fetchTimeoutMs = 600_000;
/** Some 20 seconds on a machine that does nothing else. */
const startTimeoutMs = 600_000;

/** A real Keycloak with an empty database, under the path of CodeMie's installation. */
export interface RealKeycloak {
  /** `http://127.0.0.1:<port>/auth` */
  url: string;
  admin: { username: string; password: string };
  stop(): Promise<void>;
}

/**
 * Starts a Keycloak on this machine. Its distribution comes from the Maven repository that `mvn` is configured with,
 * once, into the user's cache folder.
 *
 * @throws Error with one sentence for users when Java or Maven is missing, or the distribution can't be fetched
 */
export async function startKeycloak(log: (line: string) => void): Promise<RealKeycloak> {
  await requireJava();
  const distribution = await makeOnce(cacheFolder('keycloak', version), fetchDistribution, () =>
    log(`Another process fetches Keycloak ${version}.`),
  );
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-'));
  // It writes into its own folder when it starts.
  await cp(distribution, folder, { recursive: true });
  const port = await freePort();
  const admin = { username: 'admin', password: 'admin' };
  let output = '';
  const server = await startProcess({
    name: 'Keycloak',
    command: join(folder, 'bin', 'kc.sh'),
    args: ['start-dev', '--http-host=127.0.0.1', `--http-port=${port}`, '--http-relative-path=/auth'],
    env: {
      PATH: process.env['PATH'] ?? '',
      ...(process.env['JAVA_HOME'] && { JAVA_HOME: process.env['JAVA_HOME'] }),
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
    },
    output: (chunk) => {
      output += chunk.toString();
    },
    removeIfOrphaned: folder,
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}/auth`;
  const until = Date.now() + startTimeoutMs;
  while (!(await answers(`${url}/realms/master`))) {
    if (server.running() && Date.now() < until) {
      await sleep(500);
      continue;
    }
    await stop();
    throw new Error(`Keycloak ${version} did not start:\n${output.slice(-2_000)}`);
  }
  return { url, admin, stop };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** https://www.keycloak.org/server/configuration: OpenJDK 17 (deprecated) or 21. */
async function requireJava(): Promise<void> {
  const found = await run('java', ['-version']).then(
    ({ stderr }) => Number(/version "(\d+)/.exec(stderr)?.[1]),
    () => undefined,
  );
  if (found === undefined || !(found >= 17))
    throw new Error(
      'A real Keycloak needs Java 17 or newer on PATH: install a JRE, or leave this suite out.',
    );
}

async function fetchDistribution(draft: string): Promise<void> {
  const download = await mkdtemp(join(tmpdir(), 'keycloak-download-'));
  try {
    const args = ['--batch-mode', '--quiet', 'dependency:copy', `-Dartifact=${artifact}`];
    await run('mvn', [...args, `-DoutputDirectory=${download}`], { timeout: fetchTimeoutMs }).catch(
      (cause: unknown) => {
        const message = `Maven could not fetch ${artifact}: install mvn, and configure a repository that has it.`;
        throw new Error(message, { cause });
      },
    );
    const zip = await readFile(join(download, `keycloak-quarkus-dist-${version}.zip`));
    const digest = createHash('sha256').update(zip).digest('hex');
    if (digest !== sha256) throw new Error(`${artifact} has the SHA-256 ${digest}, and not the pinned one.`);
    for (const [path, content] of Object.entries(unzipSync(zip))) {
      // All is in one folder, which has the version in its name.
      const file = join(draft, ...path.split('/').slice(1));
      if (path.endsWith('/')) continue;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      if (file.endsWith('.sh')) await chmod(file, 0o755);
    }
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}
