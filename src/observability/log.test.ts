import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';

function capture(fields = () => ({})) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog('info', { destination, fields });
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

  it('adds what belongs to the moment, also to lines of its children', () => {
    let run = 1;
    const { log, lines } = capture(() => ({ trace_id: String(run) }));
    const child = log.child({ key: 'a/b' });
    child.info({}, 'x');
    run = 2;
    child.info({}, 'y');
    expect(lines.map((line) => JSON.parse(line).trace_id)).toEqual(['1', '2']);
  });
});
