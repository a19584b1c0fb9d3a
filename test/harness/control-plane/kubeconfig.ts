import type { Certificate } from '../pki/certificate-authority.ts';

export interface KubeconfigOptions {
  url: string;
  /** The root that signed the API server's certificate, PEM. */
  ca: string;
  client: Certificate;
}

/** A kubeconfig that carries its certificates. It is JSON, which is YAML too. */
export function kubeconfig({ url, ca, client }: KubeconfigOptions): string {
  const name = 'control-plane';
  const cluster = { server: url, 'certificate-authority-data': base64(ca) };
  const user = {
    'client-certificate-data': base64(client.cert),
    'client-key-data': base64(client.key),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
