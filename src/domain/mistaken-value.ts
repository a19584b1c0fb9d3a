import { decodeBase64 } from '../lib/pem.ts';
import { decodeStored } from './stored-text.ts';
import { tokenForm } from './token-form.ts';

/**
 * What kind of value is expected. `token`: made by a Git product. `secret`: made by some other program, such as a
 * client secret. `name`: of a user, or an id. `password`: chosen by a person, who may use any character.
 */
export type ValueKind = 'token' | 'secret' | 'name' | 'password';

/** What a text is instead of the bare value: a clause that follows its name, and what to do. No byte of the text. */
export interface Mistake {
  clause: string;
  hint: string;
}

interface Known extends Mistake {
  /** The kinds that never look like this. Default: all but passwords. */
  kinds?: readonly ValueKind[];
  fits: RegExp | ((text: string, kind: ValueKind) => boolean);
}

const all = ['token', 'secret', 'name', 'password'] as const;
const generated = ['token', 'secret'] as const;
const bare = 'Store the bare value alone.';
const undecrypted = 'Apply the Secret decrypted, or turn on decryption where it is applied.';
const unfilled = 'Check the tool that fills it in, or store the value itself.';

/** What is said of a value in quotes. */
export const inQuotes = 'starts and ends with quotation marks';

/** Begins and ends of texts in quotes, as keyboards and word processors make them. */
const quotes = '"" \'\' `` “” „“ „” ”” ‘’ ’’ ‚‘ «» »« ‹› ＂＂ ′′ ″″'.split(' ');

/**
 * What people and tools store by mistake, the surest first. Each was reported of somebody's cluster.
 */
const mistakes: readonly Known[] = [
  // https://github.com/getsops/sops#encrypting-only-parts-of-a-file
  {
    kinds: all,
    fits: /^ENC\[AES256_GCM,data:[\s\S]*\]$/,
    clause: 'is still encrypted by SOPS',
    hint: 'Turn on decryption where the Secret is applied (Flux: spec.decryption of the Kustomization).',
  },
  // https://github.com/voxpupuli/hiera-eyaml
  { kinds: all, fits: /^ENC\[[A-Z0-9]{2,},[\s\S]*\]$/, clause: 'is still encrypted', hint: undecrypted },
  { fits: /^(ENC|DEC)\(.*\)!?$/, clause: 'is still encrypted', hint: undecrypted },
  // https://docs.spring.io/spring-cloud-config/reference/server/encryption-and-decryption.html
  {
    kinds: all,
    fits: /^\{cipher\}[0-9A-Za-z+/=]+$/,
    clause: 'is still encrypted by Spring Cloud Config',
    hint: undecrypted,
  },
  // https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html
  {
    kinds: all,
    fits: /^(!vault\s*\|\s*)?\$ANSIBLE_VAULT;/,
    clause: 'is still encrypted by Ansible Vault',
    hint: 'Decrypt it before the Secret is applied: ansible-vault decrypt.',
  },
  {
    kinds: all,
    fits: /^-----BEGIN AGE ENCRYPTED FILE-----/,
    clause: 'is still encrypted by age',
    hint: undecrypted,
  },
  {
    kinds: all,
    fits: /^-----BEGIN PGP MESSAGE-----/,
    clause: 'is still encrypted by PGP',
    hint: undecrypted,
  },
  // https://developer.hashicorp.com/vault/docs/secrets/transit
  {
    kinds: all,
    fits: /^vault:v\d+:[A-Za-z0-9+/]+=*$/,
    clause: "is still encrypted by Vault's transit engine",
    hint: undecrypted,
  },
  // The length of the encrypted session key, 256 to 1023 bytes, as kubeseal writes it in front: Ag is 0x02.
  {
    kinds: all,
    fits: (text) => /^A[gQ][A-D]/.test(text) && text.length >= 400 && decodeBase64(text) !== undefined,
    clause: 'is still encrypted by Sealed Secrets',
    hint: 'Put it into a SealedSecret (spec.encryptedData), which the controller turns into this Secret.',
  },
  {
    kinds: all,
    fits: /^AQ[EI]CA[A-Za-z0-9+/]{100,}=*$/,
    clause: 'is still encrypted by AWS KMS',
    hint: undecrypted,
  },
  {
    kinds: all,
    fits: /^version https:\/\/git-lfs\.github\.com\/spec\//,
    clause: 'is a pointer of Git LFS',
    hint: 'Check the file out with its content: git lfs pull.',
  },
  {
    fits: (text) =>
      text.length > 1 &&
      quotes.some(([open = '', close = '']) => text.startsWith(open) && text.endsWith(close)),
    clause: inQuotes,
    hint: 'Store it without them: kubectl and Kustomize keep quotes of an env file as a part of the value.',
  },
  {
    fits: /^\\["'].*\\["']$/s,
    clause: inQuotes,
    hint: 'Store it without them: kubectl and Kustomize keep quotes of an env file as a part of the value.',
  },
  {
    fits: /^(<!doctype|<html|<\?xml|<head|<body)/i,
    clause: 'is a web page',
    hint: 'It was fetched from a URL that answered with a sign-in or error page; store the bare value.',
  },
  {
    fits: /^-----BEGIN [A-Z0-9 ]*(PRIVATE KEY|CERTIFICATE)/,
    clause: 'is a private key or certificate',
    hint: 'Store the bare value under this key, and name the right one in the reference.',
  },
  {
    fits: /^(-----BEGIN |---- BEGIN SSH2 |(ssh-(rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+) AAAA|PuTTY-User-Key-File)/,
    clause: 'is a key file',
    hint: 'Store the bare value under this key, and name the right one in the reference.',
  },
  // https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
  {
    fits: (text) => isJsonObject(text) && /"auths"\s*:/.test(text),
    clause: 'is a Docker configuration file',
    hint: bare,
  },
  {
    kinds: all,
    fits: isJsonObject,
    clause: 'is a JSON object',
    hint: 'Store only the value (External Secrets: remoteRef.property).',
  },
  {
    kinds: generated,
    fits: (text) => /^[{[]\s*"/.test(text) || (text.startsWith('[') && isJson(text)),
    clause: 'is JSON',
    hint: 'Store only the value (External Secrets: remoteRef.property).',
  },
  // https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
  { fits: /^(machine|default)\s[\s\S]*\b(login|password)\s/, clause: 'is a .netrc file', hint: bare },
  // https://git-scm.com/docs/git-credential-store#_storage_format
  {
    fits: /^https?:\/\/[^\s/@]+@/,
    clause: 'is a URL with a credential in it, as in a .git-credentials file',
    hint: 'Store only the token, which is between the last colon and the @.',
  },
  ...references(),
  // https://docs.npmjs.com/cli/configuring-npm/npmrc
  { fits: /^\/\/\S+:_(auth|authToken|password)=/, clause: 'is a line of an .npmrc file', hint: bare },
  {
    kinds: ['token'],
    fits: hasUserInFront,
    clause: 'has a user name in front of it',
    hint: 'Store only the token, and the user name under its own key or in the manifest.',
  },
  {
    fits: /^((proxy-)?authorization|private-token|job-token|deploy-token|x-[a-z-]+)\s*:\s*\S/i,
    clause: 'is a whole HTTP header',
    hint: 'Store only the value behind the name of the header and the scheme.',
  },
  {
    kinds: generated,
    fits: /^((bearer|basic|token)\s+|(bearer|basic):\s*)[^\s=:]/i,
    clause: 'begins with the scheme of an Authorization header',
    hint: 'Store only what follows the scheme: no Bearer, Basic or token in front.',
  },
  { kinds: generated, fits: isAssignment, clause: 'has a name in front of it', hint: bare },
  {
    kinds: ['token'],
    fits: looksLikePath,
    clause: 'is the name of a file instead of its content',
    hint: 'Store the content: kubectl create secret generic --from-file.',
  },
  {
    kinds: ['token'],
    fits: /%[0-9A-Fa-f]{2}/,
    clause: 'is URL-encoded',
    hint: 'Store it as the provider shows it, without percent signs.',
  },
  {
    kinds: generated,
    fits: /^\[\d{1,3}( \d{1,3}){7,}\]$/,
    clause: 'is a list of bytes, as programs print one',
    hint: 'Have the program write the text itself.',
  },
  {
    kinds: ['token'],
    fits: /^[\w.+-]+@([a-z0-9-]+\.)+[a-z]{2,10}$/i,
    clause: 'is an e-mail address',
    hint: 'Store the token here, and the address as the user name where the provider wants one.',
  },
  { kinds: ['token'], fits: isFiller, clause: 'is a placeholder', hint: 'Store the real value.' },
  {
    kinds: generated,
    fits: /^[A-Z][A-Z0-9_]{0,60}_(TOKEN|PAT|SECRET|PASSWORD|KEY)$/,
    clause: 'is the name of a variable instead of its value',
    hint: unfilled,
  },
  {
    kinds: ['token'],
    fits: isInHexadecimal,
    clause: 'is encoded in hexadecimal',
    hint: 'Store it as the provider shows it.',
  },
  {
    kinds: generated,
    fits: isPackedFile,
    clause: 'is a packed file in base64',
    hint: 'Store the bare value alone.',
  },
  {
    kinds: ['token'],
    fits: hasMoreAround,
    clause: 'has other text around the token',
    hint: 'Store the token alone, without a quotation mark, comma, backslash or anything else around it.',
  },
];

const encodedAgain: Known = {
  fits: isEncodedAgain,
  clause: 'is encoded in base64 once more',
  hint: 'Store it decoded: put the bare value under stringData, where Kubernetes does the encoding.',
};

/** What the text is instead of the bare value that is expected. Ends are trimmed already. */
export function findMistake(text: string, kind: ValueKind): Mistake | undefined {
  const found = [...mistakes, encodedAgain].find((each) => fitsKnown(each, text, kind));
  return found && { clause: found.clause, hint: found.hint };
}

function fitsKnown(
  { kinds = ['token', 'secret', 'name'], fits }: Known,
  text: string,
  kind: ValueKind,
): boolean {
  return kinds.includes(kind) && (typeof fits === 'function' ? fits(text, kind) : fits.test(text));
}

/** What stands in a text until a tool puts the value there. */
function references(): Known[] {
  const clause = 'is a placeholder that was not filled in';
  const placeholder = (fits: Known['fits'], kinds?: readonly ValueKind[]): Known => ({
    fits,
    clause,
    hint: unfilled,
    ...(kinds && { kinds }),
  });
  const reference = (fits: RegExp, kinds: readonly ValueKind[] = all): Known => ({
    fits,
    clause: 'is a reference to a secret store that was not resolved',
    hint: unfilled,
    kinds,
  });
  return [
    // https://argocd-vault-plugin.readthedocs.io/en/stable/howitworks/
    reference(/^<(path|vault|secret):[^>]+>$/),
    // https://github.com/helmfile/vals, https://developer.1password.com/docs/cli/secret-reference-syntax/
    reference(/^(secret)?ref\+[a-z0-9]+:\/\/\S+$/),
    reference(/^op:\/\/[^/\s]+\/\S+$/),
    // https://bank-vaults.dev/docs/mutating-webhook/
    reference(/^>{0,2}(vault|bao):[^\s#]+#\S+$/),
    reference(/^(vault|bao|openbao|secretref|keyvault):\/*[^\s/]+\/\S+$/, ['token', 'secret', 'name']),
    reference(
      /^(pass|gopass|lpass|env|ssm|secretsmanager|awssm|akv|gcpsm|bws|doppler|keyring|conjur):\/*[A-Za-z][\w./#-]*$/,
      ['token', 'secret'],
    ),
    reference(/^arn:aws[a-z-]*:(secretsmanager|ssm|kms):\S+$/),
    reference(/^projects\/[^/\s]+\/(locations\/[^/\s]+\/)?secrets\/\S+$/),
    reference(/^@Microsoft\.KeyVault\(.*\)$/i),
    reference(/^https:\/\/[a-z0-9-]+\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)\/secrets\/\S+$/i),
    placeholder(/^\{\{[\s\S]*\}\}$/, all),
    placeholder(/^\$\{[A-Z_][A-Z0-9_]*\}$/, all),
    placeholder(/^<[A-Za-z][\w .:#/-]*>$/),
    placeholder(/^\$\{[^{}]*\}$/),
    placeholder(/^\$\([A-Za-z_][^()]*\)$/),
    placeholder(/^\$[A-Z_][A-Z0-9_]*$/),
    placeholder(/^%[A-Za-z_]\w*%$/),
    placeholder(/^%\([A-Za-z_]\w*\)s$/),
    placeholder(/^__[A-Za-z][\w.-]*__$/),
    placeholder(/^#\{[^{}]+\}#?$/),
    placeholder(/^\[object Object\]$/),
    placeholder(/^\{%.*%\}$/),
    // What Go and Terraform print of nothing: https://pkg.go.dev/fmt#hdr-Format_errors
    placeholder(/^%!\w?\(.*\)$/),
    placeholder(/^\((sensitive value|known after apply)\)$/),
    placeholder(/^<[^<>]+>$/, ['token', 'name']),
    placeholder(/^@[A-Za-z_][\w.]*@$/, ['token', 'name']),
    placeholder(/^\[\[.*\]\]$/, ['token', 'name']),
    placeholder(/^\[[A-Za-z_][\w -]*\]$/, ['token', 'name']),
    placeholder(/^\(\(.+\)\)$/, ['token', 'name']),
    placeholder(/^\{[A-Za-z_][\w.-]*\}$/, ['token', 'name']),
    // No token has a dollar sign or braces.
    placeholder(/^\$[A-Za-z_]\w*$|\$\{[^{}]*\}/, ['token']),
    placeholder((text) => text.includes('{{') && text.indexOf('}}', text.indexOf('{{')) >= 0, ['token']),
    {
      kinds: ['token', 'name'],
      fits: /^[a-z][a-z0-9+.-]*:\/\/\S+$/i,
      clause: 'is a URL',
      hint: bare,
    },
  ];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isJsonObject(text: string): boolean {
  return text.startsWith('{') && text.endsWith('}') && isJson(text);
}

/** Words of which at least one is in the names that people give to secrets. */
const secretWords = /(token|secret|passw(or)?d|pwd|pat|key|auth|credential|login|user)/i;

/**
 * A line of an env file or of YAML. Tokens end in `=` and contain it, so what stands in front has to be the name of a
 * secret, and no token itself.
 */
function isAssignment(text: string, kind: ValueKind): boolean {
  const [, name = '', value = ''] =
    /^(?:export\s+|set\s+|-\s+)?["']?([A-Za-z_][\w.-]{0,63})["']?\s*(?:=|:\s)\s*(\S.*)/s.exec(text) ?? [];
  // Base64 ends in equals signs, and may have such a word in it by chance.
  if (/^=*$/.test(value) || tokenForm(text) !== undefined) return false;
  if (tokenForm(value.replace(/^["']/, '')) !== undefined) return true;
  return secretWords.test(name) && (kind === 'token' || /^[A-Z]+_[A-Z_]+$/.test(name));
}

/** Not base64, in which capitals, small letters and digits are mixed. */
function isAbsolutePath(text: string): boolean {
  const [, path] = /^(?:@|file:\/{0,2})?(?:~|\.{1,2})?\/([\w./-]+)$/.exec(text) ?? [];
  const names = path?.split('/') ?? [];
  return names.length > 1 && names.every((name) => /^[a-z0-9._-]+$|^[A-Za-z._-]+$/.test(name));
}

function looksLikePath(text: string): boolean {
  return (
    isAbsolutePath(text) ||
    /^(@|file:)?[A-Za-z]:\\/.test(text) ||
    /^@?(\.{1,2}\/)?[\w-]+(\.[\w-]+)*\.(pem|key|txt|token|json|ya?ml|env|crt|cer|pub)$/i.test(text)
  );
}

/** Words that stand for a value, with letters and digits alone, lower-case. */
const fillerWords = new Set(
  'changeme changethis changeit replaceme replacethis replacewithtoken fillme fillin todo tbd fixme placeholder redacted removed hidden masked none null nil undefined nan true false empty dummy dummytoken yourtoken mytoken exampletoken sometoken notset'.split(
    ' ',
  ),
);
const instruction =
  /^(your|my|put|insert|enter|paste|replace|change|add|fill|set|provide)([-_. ][a-z0-9]+)*[-_. ](here|me|this|token|secret|key|pat|password|value)$/i;

/** `REPLACE_ME`, `your-token-here`, `ghp_xxxxxxxx`, `glpat-****`, `ghp_abc...`. */
function isFiller(text: string): boolean {
  const { shown = '' } = tokenForm(text) ?? {};
  const rest = text.slice(Math.max(shown.indexOf('…'), 0)).replace(/^[_-]+/, '');
  const word = rest.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return (
    fillerWords.has(word) ||
    /^(your|put|insert|enter|paste)[a-z]*here$/.test(word) ||
    instruction.test(rest) ||
    /^(x{3,}|\.{3,}|…+|-{3,}|_{3,}|\?{3,}|#{3,})$/i.test(rest) ||
    /x{8}$/i.test(rest) ||
    /\*{3}|\.{3}$|…$/.test(rest)
  );
}

/** `alice:ghp_…`, as curl and URLs have it. */
function hasUserInFront(text: string): boolean {
  const [, rest] = /^[\w.+@-]+:([\w.~+/=-]+)$/.exec(text) ?? [];
  return rest !== undefined && tokenForm(rest) !== undefined;
}

/** A part of a text is called a token only if it is as long as one. */
const shortestToken = 12;

/**
 * Whether a text in one line has a token in it, and characters that no token has: those that RFC 6750, section 2.1, has
 * no place for.
 */
function hasMoreAround(text: string): boolean {
  if (/[\r\n]/.test(text)) return false;
  const parts = text.split(/[^A-Za-z0-9._~+/=-]+/);
  return parts.length > 1 && parts.some((part) => part.length >= shortestToken && holdsToken(part));
}

function holdsToken(part: string): boolean {
  // `token=ghp_…`
  return tokenForm(part) !== undefined || tokenForm(part.slice(part.indexOf('=') + 1)) !== undefined;
}

function isInHexadecimal(text: string): boolean {
  if (text.length % 2 !== 0 || !/^(0x)?[0-9a-fA-F]+$/.test(text)) return false;
  return isKnownToken(Buffer.from(text.replace(/^0x/, ''), 'hex').toString('latin1').trim(), 'token');
}

/** One that is known by its first bytes, three of which no token has by chance. */
function isPackedFile(text: string): boolean {
  if (!/^(H4sI|UEsDB)/.test(text)) return false;
  const bytes = decodeBase64(text);
  return bytes !== undefined && 'binary' in decodeStored(bytes);
}

/** How many times base64 is undone to see what is in it. */
const mostLayers = 3;

/**
 * Whether a text is base64 of a text that is known for what it is. Random tokens decode, too, but not to this: that
 * 16 random bytes are all letters and digits happens once in 10^9 tokens.
 */
function isEncodedAgain(text: string, kind: ValueKind): boolean {
  if (tokenForm(text) !== undefined) return false;
  let inner = text;
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
  if (token !== undefined && /^[\x21-\x7e]+$/.test(user) && !/^\d+$/.test(user) && isKnownToken(token, kind))
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
    mistakes.some((each) => fitsKnown(each, text, kind))
  );
}

/** Programs may well make client secrets that are base64 of random letters; Git products do not. */
function isKnownToken(text: string, kind: ValueKind): boolean {
  return (
    tokenForm(text) !== undefined ||
    /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(text) ||
    (kind !== 'secret' && /^[A-Za-z0-9_.-]{16,}$/.test(text))
  );
}

/** User names that providers set for tokens. */
const knownNames = new Set(['oauth2', 'x-token-auth', 'x-access-token', 'x-bitbucket-api-token-auth', 'git']);
