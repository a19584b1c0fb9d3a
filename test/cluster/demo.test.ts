import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const script = join(import.meta.dirname, '..', '..', 'scripts', 'demo.ts');

it('the demo tells its story to the end', async () => {
  const demo = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => demo.once('exit', (code) => resolve(code)));
  const [output, errors, code] = await Promise.all([text(demo.stdout), text(demo.stderr), ended]);
  expect(errors).toBe('');
  expect(code).toBe(0);
  expect(output).toMatch(/^github +True +Ready +GitHub +octocat +demo +github /m);
  expect(output).toMatch(/^github-app-by-owner +True +Ready /m);
  expect(output).toMatch(/^gitlab-pat +True +Ready +GitLab +ci-bot /m);
  expect(output).toMatch(
    /^CredentialsResolved +False +SecretValueInvalid +The token in Secret "github-pat" \(key "token"\) is a placeholder/m,
  );
  expect(output).toContain('CodeMie has the new token');
  expect(output).toContain('It is gone from CodeMie as well.');
  const [, held = ''] = output.split('What CodeMie holds now');
  expect(held).toMatch(/^demo +GitHub of team A +project +url=https:\/\/github\.com /m);
  expect(held).toMatch(/^demo +gitlab-of-user +user +/m);
  expect(held).not.toContain('bitbucket');
});
