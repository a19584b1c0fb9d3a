import { describe, expect, it } from 'vitest';
import { KubeTransportError } from './errors.ts';
import { errorFields } from './log.ts';

describe('errorFields', () => {
  it('keeps name, message, code and causes, and nothing that a library hung on the error', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      response: { body: 'secret' },
    });
    expect(errorFields(new KubeTransportError('get x', 'Refused', { cause }))).toEqual({
      error: 'KubeTransportError',
      message: 'Could not get x: the API server refuses connections.',
      cause: { error: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
    });
  });

  it('drops the message of a SyntaxError, which quotes its text', () => {
    let error: unknown;
    try {
      JSON.parse('secret');
    } catch (caught) {
      error = caught;
    }
    expect(errorFields(error)).toEqual({ error: 'SyntaxError' });
  });

  it('logs only the type of what is no error, and ends in a circle of causes', () => {
    expect(errorFields('secret')).toEqual({ error: 'string' });
    const circle = new Error('a');
    circle.cause = circle;
    expect(JSON.stringify(errorFields(circle)).match(/"cause"/g)).toHaveLength(3);
  });
});
