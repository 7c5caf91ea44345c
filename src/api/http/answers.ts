/**
 * What a route answers: statuses with their schemas for the document, and the way from an accepted change to an
 * answer. Changes are waited for up to 20 seconds; what takes longer is answered with its operation (202).
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import type { Accepted, Control } from '../../control/control.ts';
import { HoldfastError, httpStatusOf, type ErrorCode } from '../../model/errors.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import { preferenceOf } from './headers.ts';
import { ref } from './schema/building.ts';
import { AcceptedOperation } from './schema/operation.ts';
import { ErrorBody } from './schema/record.ts';

const WORDS: Record<ErrorCode, string> = {
  invalid_argument: 'Something in the request is wrong: `detail.field` names it.',
  not_found: 'There is no such object.',
  conflict: 'The name is taken, the object is in use, or it has changed since it was read.',
  failed_precondition: 'The object is not in a state that allows this; `detail.hint` says what to do first.',
  permission_denied: 'The caller may not do this.',
  resource_exhausted: 'No pool has room for this.',
  unsupported: 'Not built, or not offered by this machine.',
  unavailable: 'Too many requests, or something that is needed is away; try again.',
  internal: 'A fault of Holdfast itself; the log of the daemon has more.',
};

const json = (schema: TSchema, description: string, headers?: object) => ({ description, ...(headers === undefined ? {} : { headers }), content: { 'application/json': { schema: ref(schema) } } });

/** ETag of a single object, documented once. */
export const etagHeader = { ETag: { type: 'string', description: 'Version of the object, for `If-Match`.' } };
const locationHeader = { Location: { type: 'string', description: 'Where to read the operation.' } };

/** The `response` part of a route: what it answers when all goes well, and the errors that it can answer. */
export function answers(good: Readonly<Record<number, readonly [schema: TSchema, words: string, headers?: object]>>, ...codes: readonly ErrorCode[]): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [status, [schema, words, headers]] of Object.entries(good)) all[status] = json(schema, words, headers);
  for (const code of new Set<ErrorCode>(['invalid_argument', ...codes, 'unavailable', 'internal'])) {
    all[httpStatusOf(code)] = json(ErrorBody, `${code}: ${WORDS[code]}`, code === 'unavailable' ? { 'Retry-After': { type: 'string', description: 'Seconds after which to try again.' } } : undefined);
  }
  return all;
}

/** As `answers`, for a change that may go on after the answer. */
export const changeAnswers = (good: Parameters<typeof answers>[0], ...codes: readonly ErrorCode[]): Record<string, unknown> =>
  answers({ ...good, 202: [AcceptedOperation, 'It is not done yet: the operation that does it.', locationHeader] }, ...codes);

/** The object with its version as ETag. */
export function single<T extends { readonly version: number }>(reply: FastifyReply, object: T): T {
  reply.header('etag', `"${object.version}"`);
  return object;
}

export interface Settling<T> {
  /** Status when it is done. */
  readonly status: number;
  /** Reads the object as it is afterwards. `null`: the object is gone then, and is answered as it was last seen. */
  readonly reread: ((id: string) => Promise<T>) | null;
  /** Aborted when the caller has gone or the surface is closing. */
  readonly signal: AbortSignal;
}

/** Waits for the operation of an accepted change as long as the caller wants, and answers. */
export async function settle<T extends { readonly id: string; readonly version: number }>(
  control: Control, request: FastifyRequest, reply: FastifyReply, accepted: Accepted<T>, { status, reread, signal }: Settling<T>,
): Promise<unknown> {
  const { warnings } = accepted;
  const operation = await finished(control, accepted.operation, preferenceOf(request).waitMs, signal);
  if (operation !== null && !isOver(operation)) {
    reply.code(202).header('location', `/v1/operations/${operation.id}`);
    return { ...operation, warnings };
  }
  if (operation !== null) refuseFailure(operation);
  const object = operation === null || reread === null ? accepted.object : await reread(accepted.object.id);
  reply.code(status);
  return { ...single(reply, object), warnings };
}

async function finished(control: Control, operation: Operation | null, waitMs: number, signal: AbortSignal): Promise<Operation | null> {
  if (operation === null || isOver(operation) || waitMs === 0) return operation;
  try {
    return await control.waitOperation(operation.id, waitMs, signal);
  } catch (thrown) {
    if (signal.aborted) return operation; // it goes on; who still listens can read it later
    throw thrown;
  }
}

/** An operation that did not succeed is answered as its error. */
function refuseFailure(operation: Operation): void {
  if (operation.state === 'succeeded') return;
  if (operation.error !== null) throw HoldfastError.fromBody(operation.error);
  const object = `${operation.target.kind} ${operation.target.name}`;
  throw new HoldfastError('failed_precondition', `${operation.kind} of ${object} was cancelled`, { object, hint: 'Nothing of it is left; send the request again if it was not meant.' });
}
