import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createManualClock } from '../../test/harness/manual-clock.ts';
import { eventually } from '../../test/harness/pace.ts';
import { makeSelfSigned } from './self-signed.ts';
import {
  followServingCertificate,
  readServingCertificate,
  type ServingCertificate,
} from './serving-certificate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serving-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const files = () => ({ certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') });

async function store({ cert, key }: ServingCertificate): Promise<void> {
  await writeFile(files().certFile, cert);
  await writeFile(files().keyFile, key);
}

it('refuses a certificate and a key that do not go together', async () => {
  const [one, other] = [await makeSelfSigned('a', Date.now()), await makeSelfSigned('b', Date.now())];
  await store({ cert: one.cert, key: other.key });
  await expect(readServingCertificate(files())).rejects.toThrow('do not go together');
});

it('refuses files that are there and empty', async () => {
  await store({ cert: '', key: '' });
  await expect(readServingCertificate(files())).rejects.toThrow(Error);
});

it('reports a renewed certificate once it is whole', async () => {
  const [one, other] = [await makeSelfSigned('a', Date.now()), await makeSelfSigned('b', Date.now())];
  await store(one);
  const clock = createManualClock();
  const [changes, failures]: [ServingCertificate[], unknown[]] = [[], []];
  const end = followServingCertificate(files(), await readServingCertificate(files()), {
    onChange: (next) => changes.push(next),
    onFailure: (error) => failures.push(error),
    clock,
  });
  await store({ cert: other.cert, key: one.key });
  for (const _ of [1, 2]) {
    await clock.advance(10_000);
    await eventually(() => expect(failures).toHaveLength(1));
  }
  expect(changes).toEqual([]);
  await store(other);
  await clock.advance(10_000);
  await eventually(() => expect(changes).toEqual([other]));
  end();
  await store(one);
  await clock.advance(100_000);
  expect(changes).toHaveLength(1);
});
