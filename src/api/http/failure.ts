/**
 * Every failure in one form: whatever is thrown, by control, by fastify or by a parser, becomes a status and a body
 * `{code, message, detail, retryable}`. Only faults of our own are `internal`; those are logged with their cause.
 */
import type { FastifyError, FastifyRequest } from 'fastify';
import type { Log } from '../../control/ports/system.ts';
import { clip } from '../../model/bytes.ts';
import { HoldfastError, asHoldfastError, httpStatusOf, type ErrorBody } from '../../model/errors.ts';
import { withoutTokensAndKeys } from '../../model/secrets.ts';

export interface Failure {
  readonly status: number;
  readonly body: ErrorBody;
}

export const BODY_LIMIT_BYTES = 1024 * 1024;
/** What a refused caller is told to wait. */
export const RETRY_AFTER_SECONDS = 1;

const bad = (status: number, message: string, hint: string, field?: string): Failure =>
  ({ status, body: new HoldfastError('invalid_argument', message, { ...(field === undefined ? {} : { field }), hint }).toBody() });

const JSON_HINT = 'Send one JSON object with Content-Type: application/json.';

/** Failures that HTTP itself has a status for, by fastify's or Node's code. */
const OF_HTTP: Record<string, () => Failure> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => bad(413, `the body is larger than ${BODY_LIMIT_BYTES} bytes`, 'Requests are at most 1 MiB.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => bad(415, 'the body is not declared as JSON', JSON_HINT, 'Content-Type'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => bad(400, 'the body is declared as JSON, but empty', JSON_HINT),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => bad(400, 'the body is not as long as Content-Length says', 'Send as many bytes as announced.', 'Content-Length'),
  FST_ERR_BAD_URL: () => bad(400, 'the path is not a valid URL path', 'Percent-encode what is not a letter, digit, "-", ".", "_" or "~".'),
  FST_ERR_ASYNC_CONSTRAINT: () => bad(400, 'the request cannot be routed', 'See /v1/openapi.json for the paths.'),
  FST_ERR_MAX_PARAM_LENGTH: () => bad(414, 'a part of the path is too long', 'Names have at most 63 characters, ids about 30.'),
};

/** @param object what the request is about, when the error does not say so itself. */
export function failureOf(thrown: unknown, object: string | undefined, log: Log): Failure {
  const fromHttp = thrown instanceof Error ? fromTransport(thrown as FastifyError) : undefined;
  if (fromHttp !== undefined) return fromHttp;
  const error = asHoldfastError(thrown);
  if (error.code === 'internal') {
    const cause = error.cause ?? error;
    log.error({ object, error: cause instanceof Error ? cause.stack ?? cause.message : JSON.stringify(cause) }, 'request failed by a fault of our own');
  }
  const body = error.toBody();
  const detail = body.detail.object === undefined && object !== undefined ? { ...body.detail, object } : body.detail;
  return { status: httpStatusOf(error.code), body: JSON.parse(JSON.stringify({ ...body, detail }, (_, part: unknown) => (typeof part === 'string' ? withoutTokensAndKeys(part) : part))) as ErrorBody };
}

function fromTransport(error: FastifyError): Failure | undefined {
  if (error instanceof HoldfastError) return undefined;
  const known = OF_HTTP[error.code];
  if (known !== undefined) return known();
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) return bad(error.statusCode, clip(error.message, 160), 'See /v1/openapi.json for what can be sent.');
  return undefined;
}

/** Why the parser refused the body: malformed, empty, or with a key that could poison a prototype. */
export function jsonFault(text: string, refused: Error): Error {
  if (text === '') return refused;
  let message = 'a key "__proto__" or "constructor" is not accepted';
  try {
    JSON.parse(text);
  } catch (thrown) {
    message = thrown instanceof Error ? thrown.message : String(thrown);
  }
  return new HoldfastError('invalid_argument', `the body cannot be read: ${printable(message)}`, { hint: JSON_HINT });
}

const printable = (text: string): string => clip(text.replace(/[^\x20-\x7e]/g, '?'), 160);

export const unknownRoute = (request: FastifyRequest): Failure => ({
  status: 404,
  body: new HoldfastError('not_found', `there is nothing at ${printable(request.url.split('?')[0] ?? '')}`, { hint: 'See /v1/openapi.json for the paths.' }).toBody(),
});

export const wrongMethod = (method: string, path: string, allowed: readonly string[]): Failure =>
  bad(405, `${method} is not possible at ${path}`, `Use ${allowed.join(' or ')}.`);

/** For connections that cannot even be understood: the answer as bytes. */
export function rawAnswer(code: string | undefined): string {
  const { status, reason, failure } = code === 'ERR_HTTP_REQUEST_TIMEOUT' || code === 'HPE_HEADERS_TIMEOUT'
    ? { status: 408, reason: 'Request Timeout', failure: bad(408, 'the request did not arrive in time', 'Send the whole request at once.') }
    : code === 'HPE_HEADER_OVERFLOW'
      ? { status: 431, reason: 'Request Header Fields Too Large', failure: bad(431, 'the headers are too large', 'Headers are at most 16 KiB.') }
      : { status: 400, reason: 'Bad Request', failure: bad(400, 'this is not an HTTP request that can be understood', 'Speak HTTP/1.1.') };
  const body = JSON.stringify(failure.body);
  return `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}
