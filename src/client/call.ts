/**
 * A typed call: path, method, parameters and answers as the generated schema has them. Retries what is safe to repeat,
 * a bounded number of times; every failure is a HoldfastError.
 */
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { ERROR_CODES, HoldfastError, type ErrorBody } from '../model/errors.ts';
import type { paths } from './generated/schema.ts';
import { NoAnswer, type Transport, type WireRequest } from './transport.ts';

type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
type OperationOf<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;
/** Paths that know the method. */
export type PathOf<M extends Method> = { [P in keyof paths]: Exclude<OperationOf<P, M>, undefined> extends never ? never : P }[keyof paths];

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };
type Part<O, K extends 'path' | 'query' | 'header'> = O extends { parameters: { [key in K]?: infer T } } ? ([Exclude<T, undefined>] extends [never] ? undefined : Loose<Exclude<T, undefined>>) : undefined;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
type Json<R> = R extends { content: { 'application/json': infer J } } ? J : undefined;
/** What is answered when all goes well, told apart by `status`. */
export type Answer<O> = O extends { responses: infer R } ? { [S in keyof R & (200 | 201 | 202 | 204)]: { readonly status: S; readonly body: Json<R[S]> } }[keyof R & (200 | 201 | 202 | 204)] : never;

export interface CallInit<O> {
  readonly path?: Part<O, 'path'>;
  readonly query?: Part<O, 'query'>;
  readonly header?: Part<O, 'header'>;
  /** Fields that are undefined are not sent. */
  readonly body?: Body<O> | Loose<Body<O>>;
  readonly signal?: AbortSignal | undefined;
  /** More time than the default for this answer, ms. */
  readonly extraMs?: number;
}

export type Call = <M extends Method, P extends PathOf<M>>(method: M, path: P, init?: CallInit<OperationOf<P, M>>) => Promise<Answer<OperationOf<P, M>>>;

export interface CallSettings {
  /** Time for one answer, ms. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** How often one call is sent at most. */
  readonly attempts: number;
}

/** A refusal that asks to try again later, with the seconds that it names. */
class TryLater extends HoldfastError {
  readonly afterMs: number;
  constructor(body: ErrorBody, afterMs: number) {
    super(body.code, body.message, body.detail, { retryable: body.retryable });
    this.afterMs = afterMs;
  }
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

export function createCall(transport: Transport, settings: CallSettings): Call {
  return async (method, path, init = {}) => {
    const header = definedOf(init.header ?? {});
    const repeatable = method === 'get' || 'Idempotency-Key' in header;
    const body = init.body === undefined ? undefined : JSON.stringify(init.body);
    const wire: WireRequest = {
      method: method.toUpperCase(),
      path: urlOf(path, init.path ?? {}, init.query ?? {}),
      headers: {
        accept: 'application/json', 'user-agent': settings.userAgent, ...header,
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      },
      body, signal: init.signal, timeoutMs: settings.timeoutMs + (init.extraMs ?? 0),
    };
    const answer = await retryPolicy(repeatable, settings.attempts).execute(async () => {
      const { status, headers, text } = await transport.send(wire);
      if (status < 200 || status > 299) throw refusal(status, headers['retry-after'], text, wire);
      return { status, body: text === '' ? undefined : parse(text, status, wire) };
    }, init.signal);
    return answer as Answer<OperationOf<typeof path, typeof method>>;
  };
}

/** Nothing was done yet: no connection, or refused for load. Broken in between: only what may be repeated. */
function retryPolicy(repeatable: boolean, attempts: number) {
  const again = (error: unknown): boolean =>
    error instanceof TryLater || (error instanceof NoAnswer && (WAITING.has(error.systemCode) || (repeatable && BROKEN.has(error.systemCode))));
  const backoff = new DelegateBackoff<{ readonly attempt: number; readonly result: unknown }>(({ attempt, result }) => {
    const error = typeof result === 'object' && result !== null && 'error' in result ? result.error : undefined;
    const base = Math.max(Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS), error instanceof TryLater ? error.afterMs : 0);
    return base * (0.5 + Math.random()); // callers that were refused together do not come back together
  });
  return retry(handleWhen(again), { maxAttempts: attempts - 1, backoff });
}
const WAITING = new Set(['EAGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
const BROKEN = new Set(['ECONNRESET', 'EPIPE']);

/** Refusals as errors: ours from their body; others say that it was not Holdfast that answered. */
function refusal(status: number, retryAfter: string | string[] | undefined, text: string, wire: WireRequest): HoldfastError {
  const body = errorBody(text);
  if (body === undefined) {
    return new HoldfastError(status === 503 || status === 502 || status === 504 ? 'unavailable' : 'internal', `the answer to ${wire.method} ${wire.path} has status ${status} and is not of Holdfast`, { hint: 'Check that the endpoint is holdfastd, with no proxy between.' });
  }
  const seconds = typeof retryAfter === 'string' && /^\d{1,3}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return status === 503 && body.retryable && seconds !== undefined ? new TryLater(body, seconds * 1000) : HoldfastError.fromBody(body);
}

export function errorBody(text: string): ErrorBody | undefined {
  try {
    const value = JSON.parse(text) as Partial<ErrorBody> | null;
    if (typeof value === 'object' && value !== null && ERROR_CODES.some((code) => code === value.code) && typeof value.message === 'string') {
      return { detail: {}, retryable: false, ...value } as ErrorBody;
    }
  } catch { /* not ours */ }
  return undefined;
}

function parse(text: string, status: number, wire: WireRequest): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('internal', `the answer to ${wire.method} ${wire.path} (status ${status}) is not JSON`, { hint: 'Check that the endpoint is holdfastd, with no proxy between.' }, { cause });
  }
}

/** The path with its parameters and query. A reference is always one segment, whatever it holds. */
export function urlOf(template: string, path: object, query: object): string {
  const values = path as Readonly<Record<string, string | undefined>>;
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    if (value === '') throw new HoldfastError('invalid_argument', `the name of the ${name} is empty`, { field: name, hint: `Name the ${name} by its name or id.` });
    return encodeURIComponent(value);
  });
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`)));
  return pairs.length === 0 ? filled : `${filled}?${pairs.join('&')}`;
}

const definedOf = (header: object): Record<string, string> => Object.fromEntries(Object.entries(header).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
