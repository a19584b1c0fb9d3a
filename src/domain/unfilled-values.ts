import {
  allKinds as all,
  generatedKinds as generated,
  type KnownMistake,
  type ValueKind,
} from './known-mistake.ts';
import { hasMoreAround } from './value-shape.ts';

/** What to do where a tool should have put the value. */
export const unfilled = 'Check the tool that fills it in, or store the value itself.';

function placeholder(fits: KnownMistake['fits'], kinds?: readonly ValueKind[]): KnownMistake {
  return {
    // Brackets that were left around the value say that it was filled in.
    fits: (text, kind) => test(fits, text, kind) && !(kind === 'token' && hasMoreAround(text)),
    clause: 'is a placeholder that was not filled in',
    hint: unfilled,
    ...(kinds && { kinds }),
  };
}

function reference(fits: RegExp, kinds: readonly ValueKind[] = all): KnownMistake {
  return {
    fits,
    clause: 'is a reference to a secret store that was not resolved',
    hint: unfilled,
    kinds,
  };
}

function test(fits: KnownMistake['fits'], text: string, kind: ValueKind): boolean {
  return typeof fits === 'function' ? fits(text, kind) : fits.test(text);
}

/** What is in a text until a tool puts the value there. */
export const unfilledValues: readonly KnownMistake[] = [
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
  // https://cloud.google.com/run/docs/configuring/services/secrets, https://github.com/GoogleCloudPlatform/berglas
  reference(/^(sm|gsm|berglas|bw|akeyless|infisical|doppler|hcvault|aws-?sm|aws-?ssm|azkv):\/\/\S+$/),
  reference(/^(?!https?:|ssh:|git:|ftps?:|file:)[a-z][a-z0-9+.-]*:\/\/\S+$/i, ['token', 'name']),
  // https://developer.hashicorp.com/vault/docs/secrets/kv/kv-v2
  reference(/^(secrets?|kv(-?v?2)?)\/[a-z0-9_./-]+$/, ['token', 'secret']),
  // https://keepass.info/help/base/fieldrefs.html
  reference(/^\{REF:[TUPANIO]@[TUPANIO]:[^{}]+\}$/i),
  reference(/^arn:aws[a-z-]*:(secretsmanager|ssm|kms):\S+$/),
  reference(/^projects\/[^/\s]+\/(locations\/[^/\s]+\/)?secrets\/\S+$/),
  reference(/^@Microsoft\.KeyVault\(.*\)$/i),
  reference(/^https:\/\/[a-z0-9-]+\.vault\.(azure\.net|azure\.cn|usgovcloudapi\.net)\/secrets\/\S+$/i),
  placeholder(/^\{\{[\s\S]*\}\}$/, all),
  placeholder(/^\$\{[A-Z_][A-Z0-9_]*\}$/, all),
  // https://docs.github.com/en/actions/concepts/workflows-and-actions/contexts
  placeholder(/^\$\{\{[^{}]*\}\}$/, all),
  placeholder(/^<%.*%>$/),
  placeholder(/^%[sdvqr]$|^\{\d*\}$/),
  placeholder(/^\[(secret|sensitive|redacted|masked|hidden|unknown)\]$/i),
  // Of workflows, Terraform and programs, where the expression was taken for a text.
  placeholder(
    /^(secrets|env|vars|var|local|inputs|steps|process\.env|ENV|data|module)(\.[A-Za-z_][\w-]*|\[["'\w-]+\])+$/,
    generated,
  ),
  placeholder(/^(os\.environ|os\.getenv|getenv|System\.getenv|credentials)[[(.].*[\])]$/, generated),
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
    hint: 'Store the bare value alone.',
  },
];
