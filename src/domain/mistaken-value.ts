import { decodeBase64 } from '../lib/pem.ts';
import { isMistake, type KnownMistake, type Mistake, type ValueKind } from './known-mistake.ts';
import { mistakes } from './mistakes.ts';
import { decodeStored } from './stored-text.ts';
import { tokenForm } from './token-form.ts';
import { isJsonObject, isKnownToken } from './value-shape.ts';

const encodedAgain: KnownMistake = {
  fits: isEncodedAgain,
  clause: 'is encoded in base64 once more',
  hint: 'Store it decoded: put the bare value under stringData, where Kubernetes does the encoding.',
};

/** What the text is instead of the bare value that is expected. Ends are trimmed already. */
export function findMistake(text: string, kind: ValueKind): Mistake | undefined {
  const found = [...mistakes, encodedAgain].find((each) => isMistake(each, text, kind));
  return found && { clause: found.clause, hint: found.hint };
}

/** What may precede base64 to say what it is: tags of YAML, URLs of data, prefixes of tools. */
const label = /^(!!binary\s+([|>]-?\s+)?|data:[\w/+.;=-]{0,80},|(base64|b64)[:,]\s*)/i;

/** How many times base64 is undone to see what is in it. */
const mostLayers = 3;

/**
 * Whether a text is base64 of a text that is known for what it is. Random tokens decode, too, but not to this: that
 * 16 random bytes are all letters and digits happens once in 10^9 tokens.
 */
function isEncodedAgain(text: string, kind: ValueKind): boolean {
  if (tokenForm(text) !== undefined) return false;
  let inner = text.replace(label, '');
  for (let layer = 0; layer < mostLayers; layer++) {
    const bytes = decodeBase64(inner) ?? decodeBase64(inner.replaceAll('-', '+').replaceAll('_', '/'));
    if (bytes === undefined || bytes.length === 0) return false;
    const stored = decodeStored(bytes);
    if ('binary' in stored) return false;
    inner = stored.text.trim();
    if (isCredentialText(inner, kind) || isMistakenText(inner, kind)) return true;
  }
  return false;
}

function isCredentialText(text: string, kind: ValueKind): boolean {
  const [user = '', token] = text.split(':');
  // `user:token`, as the Basic scheme has it. Server tokens of Atlassian are base64 of `number:bytes`.
  if (token !== undefined && /^[\x21-\x7e]*$/.test(user) && !/^\d+$/.test(user) && isKnownToken(token, kind))
    return true;
  return (
    isKnownToken(text, kind) ||
    text.startsWith('-----BEGIN ') ||
    isJsonObject(text) ||
    (kind === 'name' && (knownNames.has(text) || /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(text)))
  );
}

/** Whether something else that is known is inside: `VE9LRU49Z2hwX…` is `TOKEN=ghp_…`. Only texts that people write. */
function isMistakenText(text: string, kind: ValueKind): boolean {
  return (
    text.length >= 6 &&
    /^[\x20-\x7e\n]+$/.test(text) &&
    // Not base64 in base64: each layer is undone once, whatever was stored.
    mistakes.some((each) => isMistake(each, text, kind))
  );
}

/** User names that providers set for tokens. */
const knownNames = new Set(['oauth2', 'x-token-auth', 'x-access-token', 'x-bitbucket-api-token-auth', 'git']);
