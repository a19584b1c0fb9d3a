import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lastWords } from './service.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'service-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** As etcd 3.6 ends on a full disk. */
const diskFull = `{"level":"info","ts":"2026-01-01T00:00:00Z","msg":"starting"}
{"level":"panic","ts":"2026-01-01T00:00:00Z","caller":"etcdserver/bootstrap.go:663","msg":"failed to create WAL","error":"write /data/member/wal: no space left on device","stacktrace":"go.etcd.io/etcd"}
panic: failed to create WAL

goroutine 1 [running]:
\tgo.etcd.io/etcd/server/v3@v3.6.8/main.go:31 +0x28
`;

it.each([
  ['a disk that is full', diskFull, 'failed to create WAL: write /data/member/wal: no space left on device'],
  ['a panic', 'starting\npanic: nil map\n\ngoroutine 1 [running]:\n', 'panic: nil map'],
  ['klog', 'I0101 10:00:00 1 a.go:1] hello\nF0101 10:00:01 1 a.go:2] no\n', 'F0101 10:00:01 1 a.go:2] no'],
  ['braces that are no JSON', '{"level":"fatal"\nlast\n', 'last'],
  ['nothing', '', ''],
])('what is shown of a program that ended with %s', async (_name, log, words) => {
  const file = join(folder, 'log');
  await writeFile(file, log);
  expect(await lastWords(file)).toBe(`Its last words were: ${words}`);
});
