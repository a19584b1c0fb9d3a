import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { debianTool } from './debian-tool.ts';

let folder: string;

/** Stands for a program of the system. */
async function script(name: string, lines: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`);
  await chmod(join(folder, name), 0o755);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'debian-tool-'));
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const wanted = { program: 'frob', packages: ['frob', 'libfrob1'], searchPath: '' };

it('takes the one on PATH', async () => {
  await script('here', 'exit 0');
  expect(await debianTool({ ...wanted, program: 'here', searchPath: `/nowhere:${folder}` })).toEqual({
    path: join(folder, 'here'),
    env: {},
  });
});

it('says in one sentence what to do where there are neither tool nor package', async () => {
  await script('apt-get', 'echo "E: Unable to locate package frob" >&2; exit 100');
  await expect(debianTool(wanted)).rejects.toThrow(
    'There is no frob on PATH, and apt-get could not fetch the Debian package frob (Unable to locate package frob): install it, or put frob on PATH.',
  );
});

it('fetches lists where there are none, and the packages once', async () => {
  // An apt-get that knows nothing before its update, and a dpkg that unpacks the tool and a library.
  await script(
    'apt-get',
    `echo "$@" >> ${folder}/calls
case "$*" in
  *" update") touch ${folder}/updated ;;
  *--print-uris*) test -e ${folder}/updated || exit 100
    echo "'http://deb.example.com/frob.deb' frob_1.2-3_amd64.deb 1 SHA256:0"
    echo "'http://deb.example.com/libfrob1.deb' libfrob1_1.2-3_amd64.deb 1 SHA256:0" ;;
  *" download "*) touch frob_1.2-3_amd64.deb libfrob1_1.2-3_amd64.deb ;;
esac`,
  );
  await script(
    'dpkg',
    `case "$2" in
  */frob_1.2-3_amd64.deb) mkdir -p "$3/usr/bin"; touch "$3/usr/bin/frob"; chmod +x "$3/usr/bin/frob" ;;
  *) mkdir -p "$3/usr/lib/x86_64-linux-gnu" ;;
esac`,
  );
  const unpacked = join(
    folder,
    'cache/codemie-git-operator/debian/frob_1.2-3_amd64.deb+libfrob1_1.2-3_amd64.deb',
  );
  const tool = {
    path: join(unpacked, 'usr/bin/frob'),
    env: { LD_LIBRARY_PATH: join(unpacked, 'usr/lib/x86_64-linux-gnu') },
  };
  expect(await debianTool(wanted)).toEqual(tool);

  await script('dpkg', 'exit 1');
  expect(await debianTool(wanted)).toEqual(tool);
});
