/** Random requests against every route, over the real control in memory: always an answer in our form, never a fault of our own. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { servedBench, type Answered, type Served } from './served.ts';

const RUNS = process.env['HOLDFAST_TEST_FULL'] === '1' ? 5_000 : 400;
const document = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../../docs/reference/openapi.json'), 'utf8')) as { readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>; readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> } };
const ROUTES = Object.entries(document.paths).flatMap(([where, methods]) => Object.keys(methods).map((method) => ({ where, method: method.toUpperCase() }))).filter(({ where }) => where !== '/v1/events/watch');
const FIELDS = [...new Set(Object.values(document.components.schemas).flatMap(({ properties }) => Object.keys(properties ?? {})))];

let served: Served;
beforeAll(async () => { served = await servedBench(); });
afterAll(() => served.end());

const reference = fc.oneof(fc.constantFrom('db', 'fast', 'db@s', '..', '.', '%', 'vol_01HF7YAT002M9DBGJP669GEET5'), fc.string({ minLength: 1, maxLength: 80, unit: 'binary' }));
const leaf = fc.oneof(
  fc.constantFrom('db', 'fast', '/srv/pool', '/srv/x', 'xfs', 'directory', 'device', 'any', 'restore', 0, -1, 1, 8388608, 1073741824, 2 ** 53, 1e300, 0.5, true, false, null, '', '10G', '\u0000', 'a'.repeat(300)),
  fc.string({ maxLength: 40 }), fc.integer(), fc.double(),
);
const anyJson = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(leaf, fc.dictionary(fc.string({ maxLength: 8 }), leaf, { maxKeys: 4 }), fc.array(leaf, { maxLength: 4 })), { maxKeys: 6 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const query = fc.dictionary(fc.constantFrom('name', 'pool', 'owner', 'label', 'limit', 'cursor', 'purge', 'object', 'running', 'target', 'volume', 'nope'), fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('1', '0', 'true', 'a=b', '-1', '9'.repeat(30))), { maxKeys: 3 });
const headers = fc.dictionary(fc.constantFrom('if-match', 'prefer', 'idempotency-key', 'x-other'), fc.oneof(fc.constantFrom('"1"', '*', 'respond-async', 'wait=0', 'k1'), fc.stringMatching(/^[\x21-\x7e]{1,20}$/)), { maxKeys: 2 });

function wellFormed({ status, body, text }: Answered): void {
  if (status < 400) return;
  expect({ status, text, keys: Object.keys(body).sort() }).toEqual({ status, text, keys: ['code', 'detail', 'message', 'retryable'] });
  expect({ text, code: body.code }).not.toEqual({ text, code: 'internal' });
  expect(String(body.message).length).toBeLessThan(500);
}

test('no JSON, query or header makes a fault of ours or leaves a request without an answer', async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom(...ROUTES), reference, anyJson, query, headers, async ({ where, method }, ref, json, asked, sent) => {
    const filled = where.replace(/\{\w+\}/g, encodeURIComponent(ref.toWellFormed()));
    const search = new URLSearchParams(asked).toString();
    const body = method === 'GET' || method === 'DELETE' ? {} : { json };
    wellFormed(await served.ask(method, search === '' ? filled : `${filled}?${search}`, { ...body, headers: { prefer: 'respond-async', ...sent } }));
  }), { numRuns: RUNS });
  expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
});

test('no bytes as a body do', async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom(...ROUTES.filter(({ method }) => method !== 'GET')), fc.uint8Array({ maxLength: 200 }), fc.constantFrom('application/json', 'application/json; charset=latin1', 'text/json', 'application/JSON;', 'x'), async ({ where, method }, bytes, type) => {
    const answered = await served.ask(method, where.replace(/\{\w+\}/g, 'nope'), { body: Buffer.from(bytes), headers: { 'content-type': type } });
    wellFormed(answered);
  }), { numRuns: RUNS / 2 });
});

test('and it still works', async () => {
  // The requests may well have done what they asked for: drained the only machine, removed or filled its pool. So this
  // begins with room of its own; that it can be given is asserted like all else.
  const { body: { items = [] } } = await served.ask('GET', '/v1/nodes');
  expect(items).toHaveLength(1);
  for (const { name } of items) expect(await served.ask('POST', `/v1/nodes/${String(name)}/undrain`)).toMatchObject({ status: 200 });
  expect(await served.ask('POST', '/v1/pools', { json: { name: 'after-all', kind: 'directory', path: '/srv/after-all' } })).toMatchObject({ status: 201 });
  expect(await served.ask('POST', '/v1/volumes', { json: { name: 'after-all', size_bytes: 8388608, pool: 'after-all' } })).toMatchObject({ status: 201, body: { name: 'after-all', status: { state: 'ready' } } });
});
