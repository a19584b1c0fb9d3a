import { decodeBase64 } from '../lib/pem.ts';
import { allKinds as all, generatedKinds as generated, type KnownMistake } from './known-mistake.ts';
import { unfilled, unfilledValues } from './unfilled-values.ts';
import {
  hasMoreAround,
  hasScheme,
  hasUserInFront,
  isAssignment,
  isFiller,
  isInHexadecimal,
  isInQuotes,
  isJson,
  isJsonObject,
  isPackedFile,
  isXml,
  looksLikePath,
  printedType,
} from './value-shape.ts';

const bare = 'Store the bare value alone.';
const undecrypted = 'Apply the Secret decrypted, or turn on decryption where it is applied.';

/** What is said of a value in quotes. */
export const inQuotes = 'starts and ends with quotation marks';

/** What people and tools store by mistake, the surest first. Each was reported from a cluster. */
export const mistakes: readonly KnownMistake[] = [
  // https://github.com/getsops/sops#encrypting-only-parts-of-a-file
  {
    kinds: all,
    fits: /^ENC\[AES256_GCM,data:/,
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
  // https://dotenvx.com/docs/quickstart/encryption: a compressed or whole public key, a nonce and the value.
  {
    kinds: all,
    fits: /^encrypted:B[A-Za-z0-9+/]{90,}=*$/,
    clause: 'is still encrypted by dotenvx',
    hint: 'Decrypt it before the Secret is applied: dotenvx get.',
  },
  // https://learn.microsoft.com/powershell/module/microsoft.powershell.security/convertfrom-securestring
  {
    kinds: all,
    fits: /^(01000000d08c9ddf0115d1118c7a00c04fc297eb|76492d1116743f0423413b16050a5345)/i,
    clause: 'is still encrypted by PowerShell (ConvertFrom-SecureString)',
    hint: 'Write it as plain text: ConvertFrom-SecureString -AsPlainText.',
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
    fits: isInQuotes,
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
    fits: /^(-----BEGIN |---- BEGIN SSH2 |(sk-)?(ssh-(rsa|dss|ed25519)|ecdsa-sha2-[a-z0-9-]+)(@openssh\.com)? AAAA|PuTTY-User-Key-File|AGE-SECRET-KEY-1|age1[a-z0-9]{50,}$)/,
    clause: 'is a key file',
    hint: 'Store the bare value under this key, and name the right one in the reference.',
  },
  {
    fits: /^(SHA256:[A-Za-z0-9+/]{43}=?|(MD5:)?[0-9a-f]{2}(:[0-9a-f]{2}){15,31})$/i,
    clause: 'is only the fingerprint of a key or certificate',
    hint: bare,
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
  // Of PowerShell's Export-Clixml, of Maven's settings and others.
  { fits: isXml, clause: 'is XML', hint: 'Store only the value of the element.' },
  {
    fits: printedType,
    clause: 'is what a program prints in place of the value',
    hint: 'Have the program write the text itself.',
  },
  ...unfilledValues,
  // https://docs.npmjs.com/cli/configuring-npm/npmrc
  { fits: /^\/\/\S+:_(auth|authToken|password)=/, clause: 'is a line of an .npmrc file', hint: bare },
  {
    kinds: ['token', 'name'],
    fits: /^(git|ssh)@[\w.-]+:[\w.~-]+(\/[\w.~-]+)*$/,
    clause: 'is the address of a repository',
    hint: bare,
  },
  {
    kinds: ['token', 'name'],
    fits: /^(www\.|api\.)?(github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)$/i,
    clause: 'is the name of a host',
    hint: bare,
  },
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
    fits: hasScheme,
    clause: 'begins with the scheme of an Authorization header',
    hint: 'Store only what follows the scheme: no Bearer, Basic or token in front.',
  },
  { fits: isAssignment, clause: 'has a name in front of it', hint: bare },
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
  {
    kinds: ['name'],
    fits: /^(export\s+)?([A-Z]+_)*(USER|USERNAME|LOGIN|E?MAIL)\s*=\s*\S/,
    clause: 'has a name in front of it',
    hint: bare,
  },
  { kinds: ['name'], fits: /^(null|undefined)$/, clause: 'is a placeholder', hint: 'Store the real value.' },
  { kinds: ['token'], fits: isFiller, clause: 'is a placeholder', hint: 'Store the real value.' },
  {
    kinds: generated,
    fits: /^[*\u2022\u25CF]{3,}$/,
    clause: 'is masked',
    hint: 'Copy it where it is shown in full, or create a new one.',
  },
  {
    kinds: ['token'],
    fits: /\*{3}|\.{3}|\u2026|[\u2022\u25CF]{2}/,
    clause: 'is shortened or masked, so that a part of it is missing',
    hint: 'Copy it where it is shown in full, or create a new one.',
  },
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
    kinds: ['token', 'name'],
    fits: hasMoreAround,
    clause: 'has other text around the token',
    hint: 'Store the token alone, without a quotation mark, comma, backslash or anything else around it.',
  },
];
