/** The certificates that the command line shows over https: from its options, else from the environment. */
import type { TlsOptions } from '../client/client.ts';
import type { Host } from './host.ts';
import { absolute } from './path.ts';

/** Files as absolute paths; a key may also stand in the environment itself, as PEM. */
export function credentialsOf(host: Pick<Host, 'env' | 'cwd'>, given: { readonly [F in keyof TlsOptions]?: string | undefined }): TlsOptions {
  const file = (value: string | undefined): string | undefined => (value === undefined || value === '' ? undefined : value.includes('-----BEGIN ') ? value : absolute(host, value));
  const { env } = host;
  return { ca: file(given.ca ?? env['HOLDFAST_CA_FILE']), cert: file(given.cert ?? env['HOLDFAST_CERT_FILE']), key: file(given.key ?? (env['HOLDFAST_KEY_FILE'] || env['HOLDFAST_CLIENT_KEY'])) };
}
