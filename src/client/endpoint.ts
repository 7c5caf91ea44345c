/** Where the daemon is: a unix socket, or a host over http or https. */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';

export const DEFAULT_ENDPOINT = 'unix:///run/holdfast/holdfast.sock';

export type Endpoint =
  | { readonly kind: 'unix'; readonly text: string; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly text: string; readonly secure: boolean; readonly host: string; readonly port: number; readonly basePath: string };

/** One endpoint, or several of one cluster with commas between. @throws invalid_argument, naming the field `endpoint`. */
export function parseEndpoints(text: string): readonly [Endpoint, ...Endpoint[]] {
  // A socket's path may hold a comma; several endpoints are of hosts.
  const parts = text.startsWith('unix:') ? [text] : text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  const [first, ...more] = parts.map(parseEndpoint);
  return [first ?? parseEndpoint(text), ...more];
}

/** @throws invalid_argument, naming the field `endpoint`. */
export function parseEndpoint(text: string): Endpoint {
  const refuse = (message: string): never => {
    throw new HoldfastError('invalid_argument', `endpoint "${clip(text)}" ${message}`, { field: 'endpoint', hint: `For example ${DEFAULT_ENDPOINT} or https://storage.example:7480.` });
  };
  if (text.startsWith('unix:')) {
    const socketPath = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    if (!/^\/[^/\0][^\0]*$/.test(socketPath)) return refuse('names no absolute path');
    return { kind: 'unix', text, socketPath };
  }
  if (!/^https?:\/\//i.test(text)) return refuse('is neither unix:// nor http:// nor https://');
  let url: URL;
  try { url = new URL(text); } catch { return refuse('is not a URL'); }
  if (url.username !== '' || url.password !== '') return refuse('holds a user or password, which are not used');
  if (url.search !== '' || url.hash !== '') return refuse('holds a query or fragment');
  const secure = url.protocol === 'https:';
  return {
    kind: 'tcp', text, secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}
