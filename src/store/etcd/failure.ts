/**
 * What etcd and gRPC say when a call fails, in our words: a refusal (etcd decided), a call that was never carried out,
 * or one whose outcome nobody knows. Decides nothing about trying again: connection.ts does.
 */
import { status, type ServiceError } from '@grpc/grpc-js';
import { HoldfastError, asHoldfastError } from '../../model/errors.ts';

/**
 * `refused`: etcd looked at it and said no; asking again changes nothing.
 * `undone`: it certainly had no effect; another member, or the same one later, may do it.
 * `unknown`: it may have been carried out, or may still be.
 */
export type Outcome = 'refused' | 'undone' | 'unknown';

/** Said before anything is done: by the member, or by our own side of the connection. */
const UNDONE = [/^etcdserver: no leader/, /^etcdserver: too many requests/, /not supported for learner/, /^No connection established/, /^Name resolution failed/, /^etcdserver: not capable/];

const REFUSALS: readonly number[] = [status.INVALID_ARGUMENT, status.NOT_FOUND, status.ALREADY_EXISTS, status.OUT_OF_RANGE, status.FAILED_PRECONDITION, status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED, status.RESOURCE_EXHAUSTED];

/** By shape: errors may come from another realm. */
export function isServiceError(thrown: unknown): thrown is ServiceError {
  return typeof thrown === 'object' && thrown !== null && typeof (thrown as { code?: unknown }).code === 'number' && typeof (thrown as { details?: unknown }).details === 'string';
}

export function outcomeOf(thrown: unknown): Outcome {
  if (!isServiceError(thrown)) return 'unknown';
  if (isUnhealthyCluster(thrown)) return 'refused';
  if (UNDONE.some((words) => words.test(thrown.details))) return 'undone';
  return REFUSALS.includes(thrown.code) ? 'refused' : 'unknown';
}

/** What was said, short enough for one line. */
export function reasonOf(thrown: unknown): string {
  if (!isServiceError(thrown)) return asHoldfastError(thrown).message;
  if (thrown.code === status.DEADLINE_EXCEEDED) return 'no answer in time';
  return thrown.details.replace(/^etcdserver: /, '').replace(/\s+/g, ' ').slice(0, 300);
}

const says = (thrown: unknown, words: string): boolean => isServiceError(thrown) && thrown.details.includes(words);

export const isCompacted = (thrown: unknown): boolean => says(thrown, 'required revision has been compacted');
export const isNoSpace = (thrown: unknown): boolean => says(thrown, 'database space exceeded');
export const isLeaseGone = (thrown: unknown): boolean => says(thrown, 'requested lease not found');
export const isMemberGone = (thrown: unknown): boolean => says(thrown, 'etcdserver: member not found');
export const isNoLearner = (thrown: unknown): boolean => says(thrown, 'can only promote a learner member') && !isLearnerBehind(thrown);
export const isLearnerBehind = (thrown: unknown): boolean => says(thrown, 'in sync with leader');
export const isTooManyLearners = (thrown: unknown): boolean => says(thrown, 'too many learner members');
export const isPeerTaken = (thrown: unknown): boolean => says(thrown, 'Peer URLs already exists');
/** It would lose its majority, or has lost it. */
export const isUnhealthyCluster = (thrown: unknown): boolean => says(thrown, 'unhealthy cluster') || says(thrown, 'not enough started members');
/** Our own side refused to read an answer of that size. */
export const isAnswerTooLarge = (thrown: unknown): boolean => isServiceError(thrown) && thrown.code === status.RESOURCE_EXHAUSTED && /Received message larger than max|message length/i.test(thrown.details) && !thrown.details.startsWith('grpc:');

const DISARM = 'Give etcd more room (quota-backend-bytes), or free some: compact, defragment every member, then disarm its NOSPACE alarm. Holdfast goes on by itself.';

/** A refusal as an error of ours. @param what the call was, for the message: `transaction of 3 operations` */
export function refusal(thrown: unknown, what: string): HoldfastError {
  if (!isServiceError(thrown)) return asHoldfastError(thrown);
  const cause = { cause: thrown };
  const said = reasonOf(thrown);
  if (isNoSpace(thrown)) {
    return new HoldfastError('resource_exhausted', 'etcd has no space left in its database; nothing was written', { object: 'store', hint: DISARM }, { ...cause, retryable: true });
  }
  if (says(thrown, 'too many operations')) {
    return new HoldfastError('invalid_argument', `The ${what} is more than etcd takes at once`, { object: 'store', hint: "Split it, or raise etcd's --max-txn-ops (128 by default; Holdfast's own etcd has 1024)." }, cause);
  }
  if (says(thrown, 'request is too large') || thrown.details.startsWith('grpc: received message larger than max') || thrown.details.startsWith('grpc: trying to send message larger')) {
    return new HoldfastError('invalid_argument', `The ${what} is larger than etcd takes: ${said}`, { object: 'store', hint: "Split it, or raise etcd's --max-request-bytes (1.5 MiB by default)." }, cause);
  }
  switch (thrown.code) {
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return new HoldfastError('permission_denied', `etcd refuses the ${what}: ${said}`, { object: 'store', hint: 'Look at the certificate that Holdfast shows to etcd, and at the rights that etcd gives it.' }, cause);
    case status.NOT_FOUND:
      return new HoldfastError('not_found', `etcd refuses the ${what}: ${said}`, { object: 'store' }, cause);
    case status.UNIMPLEMENTED:
      return new HoldfastError('unsupported', `etcd does not know the ${what}: ${said}`, { object: 'store', hint: 'Holdfast needs etcd 3.4 or newer.' }, cause);
    case status.FAILED_PRECONDITION:
    case status.OUT_OF_RANGE:
      return new HoldfastError('failed_precondition', `etcd refuses the ${what}: ${said}`, { object: 'store' }, cause);
    case status.UNAVAILABLE:
      return new HoldfastError('unavailable', `etcd refuses the ${what}: ${said}`, { object: 'store' }, cause);
    default:
      return new HoldfastError('internal', `etcd refuses the ${what}: ${said}`, { object: 'store' }, cause);
  }
}

/** @param reasons what each member said, or why it could not be reached */
export const noMemberError = (reasons: readonly string[]): HoldfastError =>
  new HoldfastError('unavailable', `No member of the control store answers: ${reasons.join('; ')}`, { object: 'store', hint: 'See that a majority of the etcd members runs and can be reached; Holdfast goes on by itself.' });

export const unknownOutcomeError = (what: string, endpoint: string, thrown: unknown): HoldfastError =>
  new HoldfastError('unavailable', `Nobody knows whether the ${what} was carried out: ${endpoint}: ${reasonOf(thrown)}`, { object: 'store', hint: 'Read back what it would have changed.' }, { cause: thrown });
