/** The provider's certificates: who the cluster is, and who we are to it. The key is read where it lies, and never stored. */
import { readFileSync } from 'node:fs';
import { t, type Reporter } from '../framework/index.ts';

/** What the environment says about certificates: paths of files; `clientKey` may be the PEM itself. */
export interface TlsEnvironment {
  readonly caFile?: string | undefined;
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** HOLDFAST_CLIENT_KEY. */
  readonly clientKey?: string | undefined;
}

export const tlsAttributes = {
  ca_certificate: t.string().describe('Certificate of the cluster\'s authority, PEM: `holdfast_cluster.NAME.ca_certificate`. Default: the file that the environment variable `HOLDFAST_CA_FILE` names.'),
  client_certificate: t.string().describe('Our certificate, PEM: `holdfast_cluster.NAME.admin_certificate`, or that of a `holdfast_client`. Default: the file that `HOLDFAST_CERT_FILE` names.'),
  client_key_file: t.string().describe('Path of the key of that certificate. Default: the environment variable `HOLDFAST_CLIENT_KEY` (the path, or the key itself), else `HOLDFAST_KEY_FILE`.'),
};

interface Given { readonly ca_certificate: string | null; readonly client_certificate: string | null; readonly client_key_file: string | null }
export interface Tls { readonly ca?: string; readonly cert?: string; readonly key?: string }

/** As PEM. Reports a file that cannot be read, and a certificate without its key. */
export function tlsOf(given: Given, environment: TlsEnvironment, { error }: Reporter): Tls {
  const read = (file: string | null | undefined, attribute: string): string | undefined => {
    if (file === null || file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (thrown) {
      error('Certificate cannot be read', `${attribute}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, given.client_key_file === file ? ['client_key_file'] : undefined);
      return undefined;
    }
  };
  const { clientKey } = environment;
  const inline = given.client_key_file === null && clientKey?.includes('-----BEGIN') === true ? clientKey : undefined;
  const ca = given.ca_certificate ?? read(environment.caFile, 'HOLDFAST_CA_FILE');
  const cert = given.client_certificate ?? read(environment.certificateFile, 'HOLDFAST_CERT_FILE');
  const key = cert === undefined ? undefined : inline ?? read(given.client_key_file ?? clientKey ?? environment.keyFile, given.client_key_file === null ? 'HOLDFAST_CLIENT_KEY' : 'client_key_file');
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}
