import { describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { outcomeOf, reasonOf, refusal } from '../../../../src/store/etcd/failure.ts';

const failure = (code: number, details: string): unknown => Object.assign(new Error(`${code} ${details}`), { code, details });

describe('what etcd says when a call fails', () => {
  test.each([
    [status.UNAVAILABLE, 'etcdserver: no leader', 'undone'],
    [status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED', 'undone'],
    [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'undone'],
    [status.UNAVAILABLE, 'etcdserver: rpc not supported for learner', 'undone'],
    [status.UNAVAILABLE, 'etcdserver: request timed out', 'unknown'],
    [status.UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure', 'unknown'],
    [status.UNAVAILABLE, 'etcdserver: server stopped', 'unknown'],
    [status.UNAVAILABLE, 'read ECONNRESET', 'unknown'],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'unknown'],
    [status.CANCELLED, 'Cancelled on client', 'unknown'],
    [status.UNKNOWN, 'raft proposal dropped', 'unknown'],
    [status.INTERNAL, 'Received RST_STREAM with code 2', 'unknown'],
    [status.UNAVAILABLE, 'etcdserver: unhealthy cluster', 'refused'],
    [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'refused'],
    [status.NOT_FOUND, 'etcdserver: requested lease not found', 'refused'],
    [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'refused'],
    [status.INVALID_ARGUMENT, 'etcdserver: request is too large', 'refused'],
    [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'refused'],
  ])('%i "%s" is %s', (code, details, outcome) => {
    expect(outcomeOf(failure(code, details))).toBe(outcome);
  });

  test('what is no answer of etcd at all is of unknown outcome', () => {
    expect(outcomeOf(new Error('a fault of ours'))).toBe('unknown');
    expect(outcomeOf(undefined)).toBe('unknown');
  });

  test.each([
    [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'resource_exhausted', /disarm/],
    [status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request', 'invalid_argument', /max-txn-ops/],
    [status.INVALID_ARGUMENT, 'etcdserver: request is too large', 'invalid_argument', /max-request-bytes/],
    [status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (4195340 vs. 2097152)', 'invalid_argument', /max-request-bytes/],
    [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'permission_denied', /certificate/],
    [status.UNIMPLEMENTED, 'unknown method MemberPromote', 'unsupported', /3\.4/],
  ])('the refusal %i "%s" is %s, with what to do', (code, details, ours, hint) => {
    const error = refusal(failure(code, details), 'transaction of 3 operations');
    expect(error).toMatchObject({ code: ours, detail: { hint: expect.stringMatching(hint) } });
    expect(error.cause).toBeDefined();
  });

  test('a reason is short, and without etcd\'s own prefix', () => {
    expect(reasonOf(failure(status.UNAVAILABLE, 'etcdserver: no leader'))).toBe('no leader');
    expect(reasonOf(failure(status.DEADLINE_EXCEEDED, 'Deadline exceeded after 2s,LB pick: 0.001s'))).toBe('no answer in time');
    expect(reasonOf(failure(status.UNAVAILABLE, 'x'.repeat(1_000)))).toHaveLength(300);
  });
});
