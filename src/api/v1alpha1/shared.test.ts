import { describe, expect, it } from 'vitest';
import { withCanonicalHost } from './shared.ts';

describe('withCanonicalHost', () => {
  it.each([
    ['https://github.com', 'https://github.com'],
    ['https://github.com/', 'https://github.com/'],
    ['https://gitlab.example.com/sub/path', 'https://gitlab.example.com/sub/path'],
    ['https://gitlab.example.com/sub/', 'https://gitlab.example.com/sub/'],
    ['https://ado.example.com/a%20b/c.git', 'https://ado.example.com/a%20b/c.git'],
    ['https://GitHub.COM', 'https://github.com'],
    ['https://ｇithub.com', 'https://github.com'],
    ['https://github。com', 'https://github.com'],
    ['https://gith%75b.com', 'https://github.com'],
    ['https://git­hub.com', 'https://github.com'],
    ['https://github.com.', 'https://github.com'],
    ['https://github.com:443', 'https://github.com'],
    ['https://github.com:0443/a', 'https://github.com/a'],
    ['https://github.com:8443', 'https://github.com:8443'],
    ['http://codemie.ai.svc:80/api', 'http://codemie.ai.svc/api'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://gіthub.com', 'https://xn--gthub-n2e.com'],
    ['https://0x7f.1', 'https://127.0.0.1'],
    ['https://2130706433', 'https://127.0.0.1'],
    ['https://[0:0::1]:8443/x', 'https://[::1]:8443/x'],
    ['https://[::ffff:127.0.0.1]', 'https://[::ffff:7f00:1]'],
    ['https:\\\\github.com', 'https://github.com'],
  ])('%s', (text, expected) => {
    expect(withCanonicalHost(text)).toBe(expected);
    expect(withCanonicalHost(expected)).toBe(expected);
  });
});
