/** What stands in a text where a secret value was. */
const redacted = '[redacted]';

/**
 * Returns a function that replaces each of the given secret values in a text, in the forms in which requests carry
 * them: as it is, URL-encoded, JSON-escaped, and base64 (also inside the base64 of `name:secret`, whatever the name's
 * length). Values under four characters are left alone: replacing them would destroy the text and hide nothing.
 */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set([...secrets].filter((secret) => secret.length >= 4).flatMap(formsOf));
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, form) => rest.replaceAll(form, redacted), text);
}

function formsOf(secret: string): string[] {
  const forms = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    ...base64Cores(secret),
  ];
  return forms.filter((form) => form.length >= 4);
}

/**
 * Base64 writes three bytes as four characters, so a value inside a longer one shows in one of three forms, depending on
 * how many bytes stand before it. The characters at both ends also depend on the neighbours and are cut off.
 */
function base64Cores(secret: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const whole = Math.floor(bytes.length / 3) * 4;
    const core = bytes.toString('base64').slice(before === 0 ? 0 : 4, whole);
    return core.length >= 8 ? [core, core.replaceAll('+', '-').replaceAll('/', '_')] : [];
  });
}
