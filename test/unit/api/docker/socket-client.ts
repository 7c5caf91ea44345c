// Speaks to a plugin socket as Docker does, and as nobody should.
import http from 'node:http';
import net from 'node:net';

export interface PluginAnswer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly Err?: string };
}

/** One call. A string or Buffer is sent as it is, anything else as JSON. */
export function call(socketPath: string, path: string, body: unknown = {}, { method = 'POST', headers = {} }: { method?: string; headers?: Record<string, string> } = {}): Promise<PluginAnswer> {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path, method, agent: false, headers: { 'content-length': Buffer.byteLength(payload), ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        try {
          resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}

/** Sends bytes and gives back whatever comes until the other side, or the given time, ends it. */
export function raw(socketPath: string, bytes: string | Buffer, patienceMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath);
    let answer = '';
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.on('data', (chunk) => { answer += chunk.toString('latin1'); });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.write(bytes);
  });
}
