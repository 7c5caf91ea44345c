/**
 * The API over the real control, with a store and a machine in memory, on a socket of its own; and the means to speak
 * to it in raw HTTP. Ends everything that it began.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createHttpApi, type HttpApi, type HttpLimits } from '../../../../src/api/http/http-api.ts';
import type { Control } from '../../../../src/control/control.ts';
import { newWorld, startBench, type Bench } from '../../control/bench.ts';

export interface LoggedLine { readonly level: string; readonly fields: Readonly<Record<string, unknown>>; readonly message: string }
/** Raw HTTP to a socket. */
export interface Speaker {
  readonly ask: (method: string, path: string, options?: { readonly json?: unknown; readonly body?: string | Buffer; readonly headers?: Record<string, string> }) => Promise<Answered>;
  /** Sends bytes as they are; resolves with all that comes back until the connection ends, or after `waitMs`. */
  readonly raw: (bytes: string, waitMs?: number) => Promise<string>;
}
export interface Served extends Speaker {
  readonly socketPath: string;
  readonly endpoint: string;
  readonly api: HttpApi;
  readonly control: Control;
  readonly logged: LoggedLine[];
  end(): Promise<void>;
}
export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The JSON of the answer; {} when it is none. */
  readonly body: Readonly<Record<string, unknown>> & { readonly detail?: Readonly<Record<string, string>>; readonly items?: readonly Readonly<Record<string, unknown>>[] };
}

export async function serve(control: Control, limits: Partial<HttpLimits> = {}): Promise<Served> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-api-'));
  const socketPath = path.join(directory, 'holdfast.sock');
  const logged: LoggedLine[] = [];
  const line = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void logged.push({ level, fields, message });
  const api = createHttpApi({ control, log: { debug: () => undefined, info: line('info'), warn: line('warn'), error: line('error') }, version: '9.9.9', limits });
  await api.listen({ socketPath });
  return {
    socketPath, endpoint: `unix://${socketPath}`, api, control, logged,
    ...speak(socketPath),
    async end() {
      await api.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export const speak = (socketPath: string): Speaker => ({
  ask: (method, where, { json, body, headers = {} } = {}) => new Promise((resolve, reject) => {
    const payload = json === undefined ? body : JSON.stringify(json);
    const request = http.request({ socketPath, method, path: where, agent: false, headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...(payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }), ...headers } });
    let answered = false;
    request.on('error', (error) => { if (!answered) reject(error); });
    request.on('response', (answer) => {
      answered = true;
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => { text += chunk; });
      answer.on('error', reject);
      answer.on('end', () => {
        const isJson = String(answer.headers['content-type']).startsWith('application/json');
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, body: isJson ? (JSON.parse(text) as Answered['body']) : {} });
      });
    });
    request.end(payload);
  }),
  raw: (bytes, waitMs = 10_000) => new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(socketPath, () => { socket.write(bytes); });
    const timer = setTimeout(() => socket.destroy(), waitMs);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => { text += chunk; });
    socket.on('error', (error) => { if (text === '') reject(error); });
    socket.on('close', () => { clearTimeout(timer); resolve(text); });
  }),
});

export const GIB = 1024 ** 3;

/** The API over a control plane in memory, with a pool `fast` of 100 GiB. */
export async function servedBench(limits: Partial<HttpLimits> = {}): Promise<Served & { readonly bench: Bench }> {
  const bench = await startBench(newWorld());
  await bench.control.start();
  await bench.done(bench.control.createPool({ name: 'fast', kind: 'directory', path: '/srv/pool' }));
  const served = await serve(bench.control, limits);
  return { ...served, bench, async end() { await served.end(); await bench.control.stop(); } };
}
