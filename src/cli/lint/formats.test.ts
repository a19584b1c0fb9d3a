import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { goodManifests } from './broken-manifests.ts';
import { lintFormats } from './finding.ts';
import { lintFiles } from './testing.ts';

const sarifSchema = z.fromJSONSchema(
  JSON.parse(
    readFileSync(
      join(import.meta.dirname, '..', '..', '..', 'test', 'harness', 'sarif-2.1.0.schema.json'),
      'utf8',
    ),
  ),
);

/** Findings of each severity, in files whose names every format has to escape. */
const files = {
  'a,b.yaml': goodManifests.token.replace('GitHub', '"<&>"'),
  'c:d 100%#?.yaml': goodManifests.app.replace(
    'project: demo',
    'project: demo\n  "x\\e[2J\\u2028\\r\\n::error::": 1',
  ),
  'good.yaml': goodManifests.own,
};

describe('formats', () => {
  it.each(lintFormats)('%s', async (format) => {
    const { out, err, exitCode } = await lintFiles(files, { format });
    expect(out).toMatchSnapshot();
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 1 });
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it.each(lintFormats)('%s, of nothing', async (format) => {
    expect((await lintFiles({}, { format })).out).toMatchSnapshot();
  });

  it('is SARIF by its schema, with URIs that lead to the files', async () => {
    for (const given of [files, {}]) {
      const log: unknown = JSON.parse((await lintFiles(given, { format: 'sarif' })).out);
      expect(sarifSchema.safeParse(log)).toMatchObject({ success: true });
    }
    expect(sarifSchema.safeParse({ version: '2.1.0', runs: [{}] })).toMatchObject({ success: false });
    const text = (await lintFiles(files, { format: 'sarif' })).out;
    const uris = [...text.matchAll(/"uri": "(.*)"/g)].map(([, uri = '']) => uri);
    expect(new Set(uris.map((uri) => decodeURIComponent(new URL(uri, 'file:///').pathname)))).toEqual(
      new Set(Object.keys(files).map((name) => `/${name}`)),
    );
  });

  it('is one annotation of GitHub per finding, whatever the manifest holds', async () => {
    const { out } = await lintFiles(files, { format: 'github' });
    const lines = out.trimEnd().split('\n');
    expect(
      lines.filter((line) => !/^::(error|warning) file=[^:,\n]+,line=\d+,col=\d+,title=[^:,]+::/.test(line)),
    ).toEqual([]);
    const { out: human } = await lintFiles(files);
    expect(lines).toHaveLength(human.trimEnd().split('\n').length - 1);
  });

  it('is XML that is well-formed', async () => {
    const { out } = await lintFiles(files, { format: 'junit' });
    // Innermost elements first, until only the root is left to take away.
    let rest = out.replace(/^<\?xml[^>]*>\n/, '').replaceAll(/<[a-z-]+(?: [a-z]+="[^"<]*")*\/>/g, '');
    for (let before = ''; before !== rest; ) {
      before = rest;
      rest = rest.replaceAll(/<([a-z-]+)(?: [a-z]+="[^"<]*")*>[^<>]*<\/\1>/g, '');
    }
    expect(rest.trim()).toBe('');
    const texts = out.replaceAll(/<\?xml[^>]*>|<\/?[a-z-]+(?: [a-z]+="[^"<]*")*\/?>/g, '');
    expect(texts).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;|apos;)/);
  });
});
