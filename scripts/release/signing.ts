import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../image/command.ts';
import { places } from './places.ts';
import { goTool } from './tools.ts';

/** How artifacts are signed, and how others verify that. */
export interface Signer {
  /** Signs `name@digest` in its registry. */
  sign(artifact: string): Promise<void>;
  /** Attaches a statement of a type that cosign knows, such as `spdxjson`, to an artifact. */
  attest(artifact: string, type: string, file: string): Promise<void>;
  /** @throws Error when the signature is missing or from another signer */
  verify(artifact: string): Promise<void>;
  /** @throws Error when there is no such statement of this signer */
  verifyAttestation(artifact: string, type: string): Promise<void>;
}

/**
 * Signs as the workflow that runs, without a key: https://docs.sigstore.dev/cosign/signing/overview/. Verified is that
 * it was the release workflow of the repository, at a tag.
 */
export function keylessSigner(): Signer {
  const identity = [
    `--certificate-identity-regexp=^${places.source.replaceAll('.', '\\.')}/\\.github/workflows/release\\.yml@refs/tags/v`,
    '--certificate-oidc-issuer=https://token.actions.githubusercontent.com',
  ];
  return signer([], identity, {});
}

/**
 * Signs with a key that is made for this run, in a registry without TLS, and without the public log: for a dry run.
 */
export async function localSigner(folder: string, name: string): Promise<Signer> {
  await mkdir(folder, { recursive: true });
  const prefix = join(folder, name);
  const env = { COSIGN_PASSWORD: '' };
  await run(await goTool('cosign'), ['generate-key-pair', '--output-key-prefix', prefix], { env });
  const registry = '--allow-insecure-registry';
  return signer(
    [`--key=${prefix}.key`, '--use-signing-config=false', '--tlog-upload=false', registry],
    [`--key=${prefix}.pub`, '--insecure-ignore-tlog', registry],
    env,
  );
}

function signer(signs: string[], verifies: string[], env: Record<string, string>): Signer {
  const cosign = async (...args: string[]): Promise<void> =>
    void (await run(await goTool('cosign'), args, { env }));
  return {
    sign: (artifact) => cosign('sign', '--yes', ...signs, artifact),
    attest: (artifact, type, file) =>
      cosign('attest', '--yes', ...signs, `--type=${type}`, `--predicate=${file}`, artifact),
    verify: (artifact) => cosign('verify', ...verifies, artifact),
    verifyAttestation: (artifact, type) =>
      cosign('verify-attestation', ...verifies, `--type=${type}`, artifact),
  };
}
