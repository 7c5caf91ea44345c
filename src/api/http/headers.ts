/** The headers that callers may send with a change, read strictly: what cannot be understood is refused, not ignored. */
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { CallOptions } from '../../control/control.ts';
import { clip } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Millis } from '../../model/duration.ts';

/** How long a change is waited for when the caller says nothing, and at most. */
export const MAX_WAIT_MS: Millis = 20_000;

const preferHeader = { Prefer: Type.Optional(Type.String({ maxLength: 128, description: '`respond-async`: answer 202 with the operation at once. `wait=N`: wait at most N seconds, 0 to 20. Default: wait=20.', examples: ['respond-async'] })) };
const matchHeader = { 'If-Match': Type.Optional(Type.String({ maxLength: 64, description: 'Change it only if it still has this version (an ETag); otherwise the answer is a conflict.', examples: ['"7"'] })) };
const keyHeader = { 'Idempotency-Key': Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$', description: '1 to 128 printable characters of your own: the same request with the same key again makes nothing new and gets the first answer.', examples: ['7f1f9a52-0d0b-4d4c-b0a2-4f1f8a3c9d11'] })) };

export const CREATE_HEADERS = Type.Object({ ...keyHeader, ...preferHeader });
export const CHANGE_HEADERS = Type.Object({ ...matchHeader, ...preferHeader });
/** Of changes that are done when they are answered. */
export const MATCH_HEADERS = Type.Object({ ...matchHeader });

/** Key, expected version and caller of a change. @throws invalid_argument for any header of a change that is wrong. */
export function callOptions(request: FastifyRequest): CallOptions {
  preferenceOf(request); // refused before anything is done, not after
  const key = header(request, 'idempotency-key');
  const version = expectedVersion(header(request, 'if-match'));
  return {
    actor: request.actor,
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(version === undefined ? {} : { expectedVersion: version }),
  };
}

/** @throws invalid_argument when the header asks for something else than we know. */
export function preferenceOf(request: FastifyRequest): { readonly waitMs: Millis } {
  const prefer = header(request, 'prefer');
  let waitMs = MAX_WAIT_MS;
  for (const wish of (prefer ?? '').split(',').map((part) => part.trim().toLowerCase()).filter((part) => part !== '')) {
    const wait = /^wait\s*=\s*"?(\d{1,6})"?$/.exec(wish);
    if (wish === 'respond-async') waitMs = 0;
    else if (wait !== null) waitMs = Math.min(waitMs, Number(wait[1]) * 1000);
    else if (/^wait\b/.test(wish)) throw new HoldfastError('invalid_argument', `Prefer: "${clip(wish)}" is not a number of seconds`, { field: 'Prefer', hint: 'For example: Prefer: wait=5' });
  }
  return { waitMs };
}

function expectedVersion(value: string | undefined): number | undefined {
  if (value === undefined || value.trim() === '*') return undefined;
  const match = /^(?:W\/)?"?(\d{1,15})"?$/.exec(value.trim());
  if (match === null) throw new HoldfastError('invalid_argument', `If-Match: "${clip(value)}" is not a version`, { field: 'If-Match', hint: 'Send the ETag of the object as you read it, such as "7".' });
  return Number(match[1]);
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
