import { generateKeyPairSync } from 'node:crypto';

/** A new RSA key as GitHub hands it out. Its lines are added to what is guarded. */
export function newPrivateKey(guarded: Set<string>): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  for (const line of pem.split('\n').slice(1, -2)) guarded.add(line);
  return pem;
}
