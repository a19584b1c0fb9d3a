import type { KnownMistake, ValueKind } from './mistakes.ts';

const all = ['token', 'secret', 'name', 'password'] as const;

/** What to do where a tool should have put the value. */
export const unfilled = 'Check the tool that fills it in, or store the value itself.';

/** What stands in a text until a tool puts the value there. */
export const unfilledValues: readonly KnownMistake[] = references();

function references(): KnownMistake[] {
  const clause = 'is a placeholder that was not filled in';
  const placeholder = (fits: KnownMistake['fits'], kinds?: readonly ValueKind[]): KnownMistake => ({
    fits,
    clause,
    hint: unfilled,
    ...(kinds && { kinds }),
  });
  const reference = (fits: RegExp, kinds: readonly ValueKind[] = all): KnownMistake => ({
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
      hint: 'Store the bare value alone.',
    },
  ];
}
