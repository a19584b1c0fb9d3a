import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority } from '../pki/certificate-authority.ts';
import { kubeconfig } from './kubeconfig.ts';

/** The paths of the certificates and keys of one control plane, and what an administrator of it needs. */
export interface Pki {
  servingCa: string;
  servingCert: string;
  servingKey: string;
  clientCa: string;
  /** Signs service account tokens. */
  serviceAccountKey: string;
  /** Verifies them. */
  serviceAccountPublicKey: string;
  managerKubeconfig: string;
  /** Root, certificate and key to speak as administrator, PEM. */
  admin: { ca: string; cert: string; key: string };
  /** A kubeconfig for the same. */
  adminKubeconfig: string;
}

/** Makes all certificates and keys new and writes them to `folder`, for an API server at `url`. */
export async function writePki(folder: string, url: string): Promise<Pki> {
  const serving = await createCertificateAuthority('control plane');
  const clients = await createCertificateAuthority('control plane clients');
  const server = await serving.issue({ hosts: ['127.0.0.1', 'localhost', 'kubernetes.default.svc'] });
  const admin = await clients.issue({ clientName: 'admin', organizations: ['system:masters'] });
  const manager = await clients.issue({
    clientName: 'system:kube-controller-manager',
    organizations: ['system:masters'],
  });

  const tokens = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  await mkdir(folder, { recursive: true });
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  return {
    servingCa: await write('serving-ca.crt', serving.pem),
    servingCert: await write('serving.crt', server.cert),
    servingKey: await write('serving.key', server.key),
    clientCa: await write('client-ca.crt', clients.pem),
    serviceAccountKey: await write('service-account.key', tokens.privateKey),
    serviceAccountPublicKey: await write('service-account.pub', tokens.publicKey),
    managerKubeconfig: await write(
      'controller-manager.kubeconfig',
      kubeconfig({ url, ca: serving.pem, client: manager }),
    ),
    admin: { ca: serving.pem, ...admin },
    adminKubeconfig: kubeconfig({ url, ca: serving.pem, client: admin }),
  };
}
