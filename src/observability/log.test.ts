import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';

function capture() {
  const lines: string[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

describe('createLog', () => {
  it('writes one JSON object a line with level and time in words', () => {
    const { log, lines } = capture();
    log.child({ controller: 'gitintegration' }).info({ key: 'team-a/acme' }, 'Reconciled');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      controller: 'gitintegration',
      key: 'team-a/acme',
      msg: 'Reconciled',
    });
  });

  it.each([
    ['a field', { token: 'canary' }],
    ['a header', { headers: { authorization: 'Bearer canary' } }],
    ['a nested field', { request: { body: { private_key: 'canary' } } }],
    ['the data of a Secret', { object: { data: { any: 'canary' } } }],
  ])('redacts %s', (_name, fields) => {
    const { log, lines } = capture();
    log.info(fields, 'x');
    expect(lines[0]).not.toContain('canary');
    expect(lines[0]).toContain('[redacted]');
  });
});
