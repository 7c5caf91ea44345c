import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { servedBench, type Served } from './served.ts';
import type { Bench } from '../../control/bench.ts';

let served: Served & { readonly bench: Bench };
beforeAll(async () => { served = await servedBench(); });
afterAll(() => served.end());

const refused = async (method: string, where: string, options: Parameters<Served['ask']>[2] = {}) => {
  const { status, body } = await served.ask(method, where, options);
  expect(Object.keys(body).sort()).toEqual(['code', 'detail', 'message', 'retryable']);
  return { status, code: body.code, field: body.detail?.field, message: String(body.message), hint: body.detail?.hint ?? '' };
};
const create = (json: unknown) => refused('POST', '/v1/volumes', { json });

describe('a body that is not as described is refused, naming the field and the way out', () => {
  test.each<[what: string, json: unknown, field: string | undefined, message: RegExp, hint: RegExp]>([
    ['an unknown field', { name: 'db', nope: 1 }, 'nope', /^unknown field "nope"$/, /The fields are name, size_bytes/],
    ['a misspelt field', { name: 'db', sizebytes: 1 }, 'sizebytes', /unknown field/, /^Did you mean "size_bytes"\?/],
    ['a missing name', { size_bytes: 1073741824 }, 'name', /^name is missing$/, /1 to 63/],
    ['a size as text', { name: 'db', size_bytes: '10G' }, 'size_bytes', /must be a whole number, not "10G"/, /write 10737418240 for 10G/],
    ['a size of zero', { name: 'db', size_bytes: 0 }, 'size_bytes', /must be at least 8388608 \(8 MiB\), not 0/, /In bytes/],
    ['a negative size', { name: 'db', size_bytes: -4096 }, 'size_bytes', /at least/, /In bytes/],
    ['a fraction', { name: 'db', size_bytes: 1.5 }, 'size_bytes', /must be a whole number, not 1\.5/, /bytes/],
    ['an absurd size', { name: 'db', size_bytes: 2 ** 60 }, 'size_bytes', /at most 1125899906842624 \(1 PiB\)/, /In bytes/],
    ['a size of null', { name: 'db', size_bytes: null }, 'size_bytes', /not null/, /bytes/],
    ['a name with a slash', { name: 'a/b' }, 'name', /it holds a "\/"/, /1 to 63/],
    ['a name of dots', { name: '..' }, 'name', /must begin with/, /1 to 63/],
    ['a name with NUL', { name: 'a\u0000b' }, 'name', /U\+0000/, /1 to 63/],
    ['a name of 300 characters', { name: 'a'.repeat(300) }, 'name', /300 characters, 63 are allowed/, /1 to 63/],
    ['a look-alike letter', { name: 'd\u0430ta' }, 'name', /U\+0430/, /1 to 63/],
    ['a name that is a number', { name: 7 }, 'name', /must be a text, not 7/, /1 to 63/],
    ['another filesystem', { name: 'db', filesystem: 'btrfs' }, 'filesystem', /"btrfs" is not one of xfs, ext4/, /Use one of/],
    ['too many replicas', { name: 'db', replicas: 4 }, 'replicas', /at most 3, not 4/, /1 to 3/],
    ['a label that is no text', { name: 'db', labels: { a: 3 } }, 'labels.a', /must be a text, not 3/, /.*/],
    ['labels as a list', { name: 'db', labels: ['a'] }, 'labels', /must be an object, not a list/, /labels/],
    ['65 labels', { name: 'db', labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v'])) }, 'labels', /65 entries, 64 are allowed/, /64 labels/],
    ['a label key that is none', { name: 'db', labels: { '-': 'x' } }, 'labels', /not a label key/, /A key is/],
    ['a flag as text', { name: 'db', deletion_protection: 'yes' }, 'deletion_protection', /must be true or false, not "yes"/, /.*/],
    ['a list', [], undefined, /the body must be an object, not a list/, /.*/],
    ['a text', 'name=db', undefined, /the body must be an object, not "name=db"/, /.*/],
  ])('%s', async (_what, json, field, message, hint) => {
    const error = await create(json);
    expect(error).toMatchObject({ status: 400, code: 'invalid_argument' });
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.message + error.hint).not.toMatch(/pattern|schema|instance/i);
  });

  test('and nothing is made or changed by any of it', async () => {
    expect((await served.ask('GET', '/v1/volumes')).body.items).toEqual([]);
    expect((await served.ask('GET', '/v1/operations?running=true')).body.items).toEqual([]);
  });

  test.each<[string, string | undefined, string, number, RegExp]>([
    ['no JSON', 'application/json', '{"name": db}', 400, /cannot be read: Unexpected token/],
    ['half a JSON', 'application/json', '{"name":', 400, /cannot be read: Unexpected end/],
    ['nothing, declared as JSON', 'application/json', '', 400, /declared as JSON, but empty/],
    ['a form', 'application/x-www-form-urlencoded', 'name=db', 415, /not declared as JSON/],
    ['plain text', 'text/plain', '{"name":"db"}', 415, /not declared as JSON/],
    ['an undeclared body', undefined, '{"name":"db"}', 415, /not declared as JSON/],
    ['a prototype', 'application/json', '{"name":"db","__proto__":{"size_bytes":1}}', 400, /"__proto__"/],
    ['a deep prototype', 'application/json', '{"name":"db","labels":{"__proto__":"x"}}', 400, /"__proto__"/],
    ['a constructor', 'application/json', '{"name":"db","constructor":{"prototype":{"a":1}}}', 400, /"constructor"/],
    ['a million brackets', 'application/json', '['.repeat(500_000), 400, /cannot be read/],
    ['a deep list', 'application/json', '['.repeat(5000) + ']'.repeat(5000), 400, /must be an object/],
    ['a number beyond numbers', 'application/json', '{"name":"db","size_bytes":1e999}', 400, /size_bytes/],
  ])('%s', async (_what, type, body, status, message) => {
    const error = await refused('POST', '/v1/volumes', { body, headers: { ...(type === undefined ? {} : { 'content-type': type }) } });
    expect(error).toMatchObject({ status, code: 'invalid_argument' });
    expect(error.message).toMatch(message);
  });

  test.each<[string, string, unknown, string | undefined, RegExp]>([
    ['POST', '/v1/pools', { name: 'p', kind: 'directory', path: 'srv/x' }, 'path', /"srv\/x" is not an absolute path/],
    ['POST', '/v1/pools', { name: 'p', kind: 'tape' }, 'kind', /"tape" is not one of directory, device/],
    ['POST', '/v1/pools', { name: 'p', kind: 'device', devices: Array.from({ length: 65 }, () => '/dev/sda') }, 'devices', /65 entries, 64 are allowed/],
    ['POST', '/v1/pools', { name: 'p', kind: 'device', devices: ['sda'] }, 'devices.0', /not an absolute path/],
    ['POST', '/v1/pools', { name: 'p', kind: 'directory', path: '/x', overcommit: 0 }, 'overcommit', /at least 0.1, not 0/],
    ['PATCH', '/v1/pools/fast', { kind: 'device' }, 'kind', /unknown field "kind"/],
    ['POST', '/v1/pool-wipes', { confirm: '/x' }, 'path', /neither path nor device/],
    ['POST', '/v1/pool-wipes', { path: '/x', device: '/x', confirm: '/x' }, 'device', /both named/],
    ['POST', '/v1/snapshots', { volume: 'db' }, 'name', /name is missing/],
    ['POST', '/v1/snapshots', { volume: '', name: 's' }, 'volume', /volume is empty/],
    ['POST', '/v1/volumes/db/resize', {}, 'size_bytes', /size_bytes is missing/],
    ['POST', '/v1/volumes/db/publish', { consumer: 'x', path: 'relative' }, 'path', /not an absolute path/],
    ['POST', '/v1/volumes/db/publish', { consumer: 'x', path: '/a\u0000b' }, 'path', /not an absolute path/],
    ['POST', '/v1/volumes/db/unpublish', {}, 'consumer', /neither consumer nor path/],
    ['PUT', '/v1/volumes/UPPER', {}, 'name', /is not a name/],
  ])('%s %s %j', async (method, where, json, field, message) => {
    const error = await refused(method, where, { json });
    expect(error).toMatchObject({ status: 400, code: 'invalid_argument', field });
    expect(error.message).toMatch(message);
  });
});

describe('a query or header that cannot be understood is refused', () => {
  test.each<[string, string, RegExp]>([
    ['/v1/volumes?limt=3', 'limt', /unknown query parameter "limt"/],
    ['/v1/volumes?limit=3x', 'limit', /"3x" is not a whole number/],
    ['/v1/volumes?limit=', 'limit', /"" is not a whole number/],
    ['/v1/volumes?limit=0', 'limit', /at least 1, not 0/],
    ['/v1/volumes?limit=501', 'limit', /at most 500, not 501/],
    ['/v1/volumes?limit=-1', 'limit', /is not a whole number/],
    ['/v1/volumes?limit=99999999999999999999', 'limit', /is not a whole number/],
    ['/v1/volumes?limit=1&limit=2', 'limit', /given 2 times/],
    ['/v1/volumes?name=a&name=b', 'name', /given 2 times/],
    ['/v1/volumes?label=app', 'label.0', /"app" is not written as it should be/],
    ['/v1/volumes?label=a%3D1&label=a%3D2', 'label', /"a" is given twice/],
    ['/v1/volumes?__proto__=1', '__proto__', /unknown query parameter/],
    ['/v1/volumes?cursor=nonsense', 'cursor', /cursor/],
    ['/v1/operations?running=maybe', 'running', /neither true nor false/],
    ['/v1/capacity?x=1', 'x', /unknown query parameter "x"/],
  ])('GET %s', async (where, field, message) => {
    const error = await refused('GET', where);
    expect(error).toMatchObject({ status: 400, code: 'invalid_argument', field });
    expect(error.message).toMatch(message);
  });

  test.each<[Record<string, string>, string]>([
    [{ 'If-Match': 'yesterday' }, 'If-Match'],
    [{ 'Idempotency-Key': 'a b' }, 'Idempotency-Key'],
    [{ 'Idempotency-Key': 'x'.repeat(129) }, 'Idempotency-Key'],
    [{ Prefer: 'wait=soon' }, 'Prefer'],
  ])('%j', async (headers, field) => {
    const error = await refused(field === 'Idempotency-Key' ? 'POST' : 'DELETE', field === 'Idempotency-Key' ? '/v1/volumes' : '/v1/volumes/db', { ...(field === 'Idempotency-Key' ? { json: { name: 'db' } } : {}), headers });
    expect({ ...error, field: error.field?.toLowerCase() }).toMatchObject({ status: 400, code: 'invalid_argument', field: field.toLowerCase() });
  });
});

describe('paths and methods that do not exist', () => {
  test.each([['GET', '/'], ['GET', '/v2/volumes'], ['POST', '/v1/volumes/db/explode'], ['GET', '/v1/../etc/passwd'], ['GET', '//v1//volumes']])('%s %s is 404', async (method, where) => {
    expect(await refused(method, where)).toMatchObject({ status: 404, code: 'not_found' });
  });

  test.each([['DELETE', '/v1/volumes', 'GET, HEAD, POST'], ['POST', '/v1/volumes/db', 'DELETE, GET, HEAD, PATCH, PUT'], ['GET', '/v1/volumes/db/resize', 'POST'], ['PUT', '/metrics', 'GET, HEAD'], ['OPTIONS', '/v1/status', 'GET, HEAD']])('%s %s is 405 and says what is allowed', async (method, where, allow) => {
    const { status, headers, body } = await served.ask(method, where);
    expect([status, headers.allow, body.code]).toEqual([405, allow, 'invalid_argument']);
  });

  test.each(['/v1/volumes/%zz', '/v1/volumes/%ff%fe'])('%s, which is no URL path, is 400', async (where) => {
    expect(await refused('GET', where)).toMatchObject({ status: 400, code: 'invalid_argument' });
  });

  test.each([['/v1/volumes/'], ['/v1/volumes/nope'], ['/v1/volumes/%00'], ['/v1/volumes/..%2f..%2fetc'], [`/v1/volumes/${'a'.repeat(300)}`], ['/v1/snapshots/db@nope'], ['/v1/snapshots/@'], ['/v1/pools/nope'], ['/v1/nodes/nope'], ['/v1/operations/op_nope']])('GET %s finds nothing, or is refused', async (where) => {
    const { status, message } = await refused('GET', where);
    expect([400, 404]).toContain(status);
    expect(message.length).toBeLessThan(300);
  });
});
