import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Control } from '../../../../src/control/control.ts';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { VOLUME, accepted, operation, recordedControl, type RecordedControl } from './recorded-control.ts';
import { serve, type Served } from './served.ts';

let recorded: RecordedControl;
let served: Served;
beforeEach(async () => {
  recorded = recordedControl();
  served = await serve(recorded.control);
});
afterEach(() => served.end());

const actor = { actor: 'root on this node' };
const page = { items: [], next: null };

describe('what a request becomes for control', () => {
  const done = accepted();
  const CASES: readonly [request: string, json: unknown, headers: Record<string, string>, method: keyof Control, answer: unknown, args: readonly unknown[], status: number][] = [
    ['GET /v1/status', undefined, {}, 'status', {}, [], 200],
    ['GET /v1/capacity', undefined, {}, 'capacity', {}, [], 200],
    ['GET /v1/cluster', undefined, {}, 'cluster', {}, [], 200],
    ['GET /v1/nodes?name=one&limit=3', undefined, {}, 'listNodes', page, [{ name: 'one', limit: 3 }], 200],
    ['GET /v1/nodes/one', undefined, {}, 'getNode', VOLUME, ['one'], 200],
    ['POST /v1/store/check', undefined, {}, 'checkStore', [], [], 200],
    ['GET /v1/pools?cursor=abc', undefined, {}, 'listPools', page, [{ cursor: 'abc' }], 200],
    ['POST /v1/pools', { name: 'fast', kind: 'directory', path: '/srv/x' }, { 'Idempotency-Key': 'k1' }, 'createPool', done, [{ name: 'fast', kind: 'directory', path: '/srv/x' }, { actor: 'root on this node', idempotencyKey: 'k1' }], 201],
    ['GET /v1/pools/fast', undefined, {}, 'getPool', VOLUME, ['fast'], 200],
    ['PATCH /v1/pools/fast', { overcommit: 2.5 }, { 'If-Match': '"7"' }, 'updatePool', VOLUME, ['fast', { overcommit: 2.5 }, { actor: 'root on this node', expectedVersion: 7 }], 200],
    ['DELETE /v1/pools/fast', undefined, {}, 'removePool', done, ['fast', actor], 200],
    ['POST /v1/pools/fast/grow', { devices: ['/dev/sdb'] }, {}, 'growPool', done, ['fast', { devices: ['/dev/sdb'] }, actor], 200],
    ['POST /v1/pools/fast/grow', undefined, {}, 'growPool', done, ['fast', {}, actor], 200],
    ['POST /v1/pool-wipes', { path: '/srv/x', confirm: '/srv/x' }, {}, 'wipePool', undefined, [{ path: '/srv/x', confirm: '/srv/x' }, actor], 204],
    ['GET /v1/volumes?name=db&pool=fast&owner=me&label=a%3Db&label=c%3Dd%3De&limit=10&cursor=x', undefined, {}, 'listVolumes', page, [{ name: 'db', pool: 'fast', owner: 'me', limit: 10, cursor: 'x', labels: { a: 'b', c: 'd=e' } }], 200],
    ['POST /v1/volumes', { name: 'db', size_bytes: 1073741824 }, { 'User-Agent': 'holdfast-cli/1.0 (x)' }, 'createVolume', done, [{ name: 'db', size_bytes: 1073741824 }, { actor: 'root on this node' }], 201],
    ['POST /v1/volumes', { name: 'db', dry_run: true }, {}, 'createVolume', done, [{ name: 'db', dry_run: true }, actor], 200],
    ['PUT /v1/volumes/db', { replicas: 1 }, {}, 'ensureVolume', { ...done, created: true }, [{ name: 'db', replicas: 1 }, actor], 201],
    ['PUT /v1/volumes/db', {}, {}, 'ensureVolume', { ...done, created: false }, [{ name: 'db' }, actor], 200],
    ['GET /v1/volumes/db', undefined, {}, 'getVolume', VOLUME, ['db'], 200],
    ['PATCH /v1/volumes/db', { deletion_protection: true, labels: { a: 'b' } }, { 'If-Match': 'W/"12"' }, 'updateVolume', VOLUME, ['db', { deletion_protection: true, labels: { a: 'b' } }, { actor: 'root on this node', expectedVersion: 12 }], 200],
    ['DELETE /v1/volumes/db?purge=true', undefined, {}, 'removeVolume', done, ['db', { purge: true }, actor], 200],
    ['DELETE /v1/volumes/db', undefined, { 'If-Match': '*' }, 'removeVolume', done, ['db', { purge: false }, actor], 200],
    ['POST /v1/volumes/db/resize', { size_bytes: 2147483648 }, {}, 'resizeVolume', done, ['db', 2147483648, actor], 200],
    ['POST /v1/volumes/db/recover', undefined, {}, 'recoverVolume', VOLUME, ['db', actor], 200],
    ['POST /v1/volumes/db/attach', undefined, {}, 'attachVolume', VOLUME, ['db', actor], 200],
    ['POST /v1/volumes/db/detach', undefined, {}, 'detachVolume', VOLUME, ['db', actor], 200],
    ['POST /v1/volumes/db/publish', { consumer: 'path:/x', path: '/x', read_only: true }, {}, 'publishVolume', { volume: VOLUME, mount_path: '/x' }, ['db', { consumer: 'path:/x', path: '/x', read_only: true }, actor], 200],
    ['POST /v1/volumes/db/unpublish', { path: '/x' }, {}, 'unpublishVolume', VOLUME, ['db', { path: '/x' }, actor], 200],
    ['GET /v1/volumes/db/explain', undefined, {}, 'explainVolume', { chosen: [], chosen_now: [], refusal: null, candidates: [] }, ['db'], 200],
    ['GET /v1/trash?name=db', undefined, {}, 'listTrash', page, [{ name: 'db' }], 200],
    ['POST /v1/trash/db/restore', { name: 'db2' }, {}, 'restoreTrash', VOLUME, ['db', { name: 'db2' }, actor], 200],
    ['DELETE /v1/trash/db', undefined, {}, 'purgeTrash', done, ['db', actor], 200],
    ['GET /v1/snapshots?volume=db', undefined, {}, 'listSnapshots', page, [{ volume: 'db' }], 200],
    ['POST /v1/snapshots', { volume: 'db', name: 's1' }, {}, 'createSnapshot', done, [{ volume: 'db', name: 's1' }, actor], 201],
    ['GET /v1/snapshots/db@s1', undefined, {}, 'getSnapshot', VOLUME, ['db@s1'], 200],
    ['GET /v1/snapshots/db%40s1', undefined, {}, 'getSnapshot', VOLUME, ['db@s1'], 200],
    ['PATCH /v1/snapshots/db@s1', { labels: {} }, {}, 'updateSnapshot', VOLUME, ['db@s1', { labels: {} }, actor], 200],
    ['DELETE /v1/snapshots/db@s1', undefined, {}, 'removeSnapshot', done, ['db@s1', actor], 200],
    ['POST /v1/snapshots/db@s1/restore', undefined, {}, 'restoreSnapshot', done, ['db@s1', actor], 200],
    ['GET /v1/operations?running=true&target=vol_1', undefined, {}, 'listOperations', page, [{ running: true, target: 'vol_1' }], 200],
    ['GET /v1/operations/op_1', undefined, {}, 'getOperation', operation(), ['op_1'], 200],
    ['POST /v1/operations/op_1/cancel', undefined, {}, 'cancelOperation', operation(), ['op_1', actor], 200],
    ['GET /v1/events?object=db', undefined, {}, 'listEvents', page, [{ object: 'db' }], 200],
  ];
  test.each(CASES)('%s', async (request, json, headers, method, answer, args, status) => {
    recorded.answer(method, answer);
    const [verb = '', where = ''] = request.split(' ');
    const answered = await served.ask(verb, where, { ...(json === undefined ? {} : { json }), headers });
    expect({ status: answered.status, text: answered.status < 300 ? '' : answered.text }).toEqual({ status, text: '' });
    expect(recorded.calls[0]).toEqual({ method, args });
  });
});

describe('a change', () => {
  test('is waited for up to 20 seconds, and answered with the object as it is afterwards, its ETag and its warnings', async () => {
    recorded.answer('createVolume', accepted(operation(), ['a volume of that name is in the trash']));
    recorded.answer('waitOperation', operation({ state: 'succeeded' }));
    recorded.answer('getVolume', { ...VOLUME, version: 8 });
    const { status, headers, body } = await served.ask('POST', '/v1/volumes', { json: { name: 'db' } });
    expect([status, headers.etag]).toEqual([201, '"8"']);
    expect(body).toEqual({ ...VOLUME, version: 8, warnings: ['a volume of that name is in the trash'] });
    expect(recorded.calls[1]).toEqual({ method: 'waitOperation', args: [operation().id, 20_000, expect.any(AbortSignal)] });
    expect(recorded.calls[2]).toEqual({ method: 'getVolume', args: [VOLUME.id] });
  });

  test('that takes longer is answered 202 with the operation, where to read it, and the warnings', async () => {
    recorded.answer('resizeVolume', accepted(operation(), ['w']));
    recorded.answer('waitOperation', operation({ done: 2 }));
    const { status, headers, body } = await served.ask('POST', '/v1/volumes/db/resize', { json: { size_bytes: 1073741824 } });
    expect([status, headers.location]).toEqual([202, `/v1/operations/${operation().id}`]);
    expect(body).toEqual({ ...operation({ done: 2 }), warnings: ['w'] });
  });

  test.each([['respond-async', null], ['wait=3', 3000], ['wait=0', null], ['wait=9999', 20_000], ['handling=lenient', 20_000]])('with Prefer: %s waits %p ms', async (prefer, ms) => {
    recorded.answer('removeVolume', accepted(operation()));
    recorded.answer('waitOperation', operation());
    expect((await served.ask('DELETE', '/v1/volumes/db', { headers: { prefer } })).status).toBe(202);
    expect(recorded.calls.filter(({ method }) => method === 'waitOperation').map(({ args }) => args[1])).toEqual(ms === null ? [] : [ms]);
  });

  test('that failed is answered as its error', async () => {
    recorded.answer('createVolume', accepted(operation()));
    recorded.answer('waitOperation', operation({ state: 'failed', error: { code: 'resource_exhausted', message: 'pool fast is full', detail: { object: 'pool fast' }, retryable: false } }));
    const { status, body } = await served.ask('POST', '/v1/volumes', { json: { name: 'db' } });
    expect({ status, body }).toEqual({ status: 507, body: { code: 'resource_exhausted', message: 'pool fast is full', detail: { object: 'pool fast' }, retryable: false } });
  });

  test('that was cancelled is answered as failed_precondition', async () => {
    recorded.answer('createVolume', accepted(operation()));
    recorded.answer('waitOperation', operation({ state: 'cancelled' }));
    const { status, body } = await served.ask('POST', '/v1/volumes', { json: { name: 'db' } });
    expect([status, body.code, body.message]).toEqual([412, 'failed_precondition', 'volume.create of volume db was cancelled']);
  });

  test('goes on when its caller goes away, and the wait for it ends', async () => {
    let ended: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => { ended = resolve; });
    recorded.answer('createVolume', accepted(operation()));
    recorded.answer('waitOperation', (_id: string, _ms: number, signal: AbortSignal) => new Promise((_, reject) => {
      signal.addEventListener('abort', () => { ended?.(); reject(signal.reason as Error); });
    }));
    void served.raw('POST /v1/volumes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"name":"db"}', 300).catch(() => undefined);
    await gone;
    expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('waiting for an operation', () => {
  test('asks control for as long as the caller says, at most a minute', async () => {
    recorded.answer('waitOperation', operation({ state: 'succeeded' }));
    expect((await served.ask('GET', '/v1/operations/op_1?wait_ms=1500')).body.state).toBe('succeeded');
    expect(recorded.calls[0]?.args.slice(0, 2)).toEqual(['op_1', 1500]);
    expect((await served.ask('GET', '/v1/operations/op_1?wait_ms=60001')).body).toMatchObject({ code: 'invalid_argument', detail: { field: 'wait_ms' } });
  });
});

describe('errors of control', () => {
  test.each([
    ['invalid_argument', 400], ['not_found', 404], ['conflict', 409], ['failed_precondition', 412], ['permission_denied', 403], ['resource_exhausted', 507], ['unsupported', 501], ['unavailable', 503], ['internal', 500],
  ] as const)('%s is %i, in the one form of errors', async (code, status) => {
    recorded.answer('getVolume', () => { throw new HoldfastError(code, 'words', { hint: 'do this' }); });
    const answered = await served.ask('GET', '/v1/volumes/db');
    expect(answered.status).toBe(status);
    expect(answered.body).toEqual({ code, message: 'words', detail: { hint: 'do this', object: 'volume db' }, retryable: code === 'unavailable' });
    expect(answered.headers['retry-after']).toBe(code === 'unavailable' ? '1' : undefined);
  });

  test('what is no HoldfastError is internal, is logged, and shows no stack', async () => {
    recorded.answer('getVolume', () => { throw new TypeError('x is not a function'); });
    const { status, body, text } = await served.ask('GET', '/v1/volumes/db');
    expect([status, body.code]).toEqual([500, 'internal']);
    expect(text).not.toMatch(/\.ts:|at /);
    expect(served.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('the rest of the surface', () => {
  test('serves its own document, its version and its health', async () => {
    recorded.answer('cluster', { id: 'clu_1', name: 'one', created_at: '' });
    expect((await served.ask('GET', '/v1/openapi.json')).body.openapi).toBe('3.1.0');
    expect((await served.ask('GET', '/v1/version')).body).toEqual({ version: '9.9.9', api: 'v1', cluster_id: 'clu_1' });
    expect((await served.ask('GET', '/healthz')).body).toEqual({ ok: true });
  });

  test('counts requests by route, volumes by state and bytes by pool in /metrics', async () => {
    const amounts = { capacity_bytes: 100, allocated_bytes: 50, used_bytes: 10, available_bytes: 50, trash_bytes: 5 };
    recorded.answer('status', { volumes_by_state: { ready: 3, degraded: 1 }, counts: { snapshots: 2, operations_running: 1 }, problems: [], capacity: { pools: [{ pool: 'pool_1', name: 'fast', class: 'any', ...amounts }] } });
    recorded.answer('getVolume', VOLUME);
    await served.ask('GET', '/v1/volumes/db');
    await served.ask('GET', '/nowhere');
    const { text } = await served.ask('GET', '/metrics');
    for (const line of ['holdfast_http_requests_total{method="GET",route="/v1/volumes/:volume",status="200"} 1', 'holdfast_http_requests_total{method="GET",route="none",status="404"} 1', 'holdfast_volumes{state="ready"} 3', 'holdfast_volumes{state="degraded"} 1', 'holdfast_pool_available_bytes{pool="fast",class="any"} 50', 'holdfast_pool_trash_bytes{pool="fast",class="any"} 5', 'holdfast_up 1', 'holdfast_build_info{version="9.9.9"} 1']) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  });

  test('says in /metrics that control does not answer, and still answers', async () => {
    recorded.answer('status', () => { throw new HoldfastError('unavailable', 'store away'); });
    expect((await served.ask('GET', '/metrics')).text.split('\n')).toContain('holdfast_up 0');
  });
});
