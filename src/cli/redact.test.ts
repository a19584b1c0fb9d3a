import { describe, expect, it } from 'vitest';
import { newPrivateKey } from '../../test/harness/private-key.ts';
import { withoutCredentials } from './redact.ts';

const token = 'ghp_A0b1C2d3E4f5G6h7I8j9K0l1M2n3O4p5Q6r7';
const lower = 'glpat-0123456789abcdef0123';
const pem = newPrivateKey(new Set());

describe('what is taken for a credential', () => {
  it.each([
    ['a token', `is ${token}.`, 'is ghp_….'],
    ['a token in base64', Buffer.from(token).toString('base64'), '…'],
    ['a token in a path', `spec.auth.${lower}: x`, 'spec.auth.glpat-…: x'],
    ['the user of a URL', 'https://user:pass@example.com/x', 'https://…@example.com/x'],
    ['a token as user of a URL', 'https://x@example.com', 'https://…@example.com'],
    ['a private key', `a ${pem} b`, 'a -----BEGIN PRIVATE KEY-----…'],
    ['a private key in base64', Buffer.from(pem).toString('base64'), '…'],
    ['a JSON Web Token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0xyz.c2lnbmF0dXJlMQ', 'eyJ…'],
  ])('%s', (_name, given, shown) => expect(withoutCredentials(given).replace(/…[^]* b$/, '…')).toBe(shown));

  it.each([
    'pypi-mirror-credentials-for-team-2',
    'npm_config_registry_of_the_team',
    'ghp_…',
    'https://example.com/@scope/name',
    'user@example.com',
    'manifests/team-a/integrations/github.yaml',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    'glpat-…: https://gitlab.com/-/user_settings/personal_access_tokens?name=CodeMie',
    'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDsxxxxxxxxxxxxxxx',
  ])('but not %s', (given) => expect(withoutCredentials(given)).toBe(given));
});
