/** The calls of a provider through the real codec: what Terraform 1.11 on this machine cannot show, and the corner cases. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentProvider } from '../../../../provider/framework/document.ts';
import { framework, NotConfigured, ProviderError, t, type ResourceDefinition } from '../../../../provider/framework/index.ts';
import { objectType } from '../../../../provider/framework/attribute.ts';
import { createServer } from '../../../../provider/framework/server.ts';
import { objectFromWire, toWire } from '../../../../provider/framework/session.ts';
import { createHarness, NOTHING, type Harness } from '../../../../provider/framework/testing.ts';
import { isUnknown, UNKNOWN } from '../../../../provider/protocol/value.ts';
import { Cloud } from '../../../integration/provider-framework/sample/cloud.ts';
import { sample } from '../../../integration/provider-framework/sample/provider.ts';

let directory: string;
let harness: Harness;
const strict = process.env['HOLDFAST_PROVIDER_STRICT'];
beforeEach(async () => {
  process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
  directory = mkdtempSync(join(tmpdir(), 'harness-'));
  harness = createHarness(sample);
  expect(await harness.configure({ directory })).toEqual([]);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
  if (strict === undefined) Reflect.deleteProperty(process.env, 'HOLDFAST_PROVIDER_STRICT');
  else process.env['HOLDFAST_PROVIDER_STRICT'] = strict;
});

describe('an ephemeral resource', () => {
  const opened: string[] = [];
  const vault = framework<string>();
  const provider = vault.provider({
    name: 'vault', version: '1', description: 'Secrets.', attributes: { address: t.string().describe('Where.') },
    configure: ({ address }) => (isUnknown(address) ? new NotConfigured('The address is not known.') : String(address)),
    resources: [],
    ephemerals: [vault.ephemeral({
      name: 'token', description: 'A token.', attributes: { ttl: t.string().describe('How long.'), token: t.string().computed().sensitive().describe('The token.') },
      async open({ ttl }, { client }) { opened.push(client); return { result: { ttl, token: 'secret' } }; },
      async close({ client }) { opened.push(`closed ${client}`); },
    })],
  });

  test('of a provider that is configured only in apply is not opened before, and what it will give is unknown', async () => {
    const later = createHarness(provider);
    await later.configure({ address: UNKNOWN });
    const type = objectType(provider.ephemerals?.[0]?.attributes ?? {});
    const open = () => later.call('OpenEphemeralResource', { typeName: 'vault_token', config: toWire({ ttl: '1h', token: null }, type) });
    const first = await open();
    const result = objectFromWire(first.result, type);
    expect(first.diagnostics).toEqual([]);
    expect(result?.['ttl']).toBe('1h');
    expect(isUnknown(result?.['token'])).toBe(true);
    expect((await later.call('CloseEphemeralResource', { typeName: 'vault_token' })).diagnostics).toEqual([]);
    expect(opened).toEqual([]);
    await later.configure({ address: 'here' });
    await open();
    await later.call('CloseEphemeralResource', { typeName: 'vault_token' });
    expect(opened).toEqual(['here', 'closed here']);
  });
});

describe('identity', () => {
  test('is told by create, read and import, and imports by itself', async () => {
    const made = await harness.apply('sample_thing', { name: 'a' });
    const id = made.state?.['id'];
    expect(made.identity).toEqual(expect.objectContaining({ id }));
    expect((await harness.read('sample_thing', { ...made, identity: null })).identity).toEqual(expect.objectContaining({ id }));
    const imported = await harness.import('sample_thing', { identity: { id: id ?? null } });
    expect(imported).toMatchObject({ said: [], identity: { id }, state: { name: 'a' } });
    expect((await harness.plan('sample_thing', { name: 'a' }, imported)).plan).toEqual(imported.state);
  });

  test('has a schema of its own and is upgraded', async () => {
    const { identitySchemas } = await harness.call('GetResourceIdentitySchemas', {});
    expect(identitySchemas['sample_thing']?.attributes).toMatchObject([{ name: 'id', requiredForImport: true, optionalForImport: false }]);
    const upgraded = await harness.call('UpgradeResourceIdentity', { typeName: 'sample_thing', version: 0, rawIdentity: { json: Buffer.from('{"id":"x"}') } });
    expect(upgraded.upgradedIdentity?.data?.msgpack.toString('hex')).toBe('81a26964a178');
  });
});

describe('create', () => {
  test('that throws leaves neither state, identity nor private data', async () => {
    expect(await harness.apply('sample_thing', { name: 'a', fail: 'create' })).toMatchObject({ state: null, identity: null, private: Buffer.alloc(0), said: [{ severity: 'error', summary: 'Thing was not made', path: 'fail' }] });
  });

  test('that is stopped may keep an incomplete object, with a warning and no error', async () => {
    const applying = harness.apply('sample_thing', { name: 'a', delay_ms: 60_000, fail: 'incomplete' });
    while (new Cloud(directory).all().length === 0) await new Promise((resolve) => { setImmediate(resolve); });
    harness.stop();
    expect(await applying).toMatchObject({ state: { name: 'a' }, said: [{ severity: 'warning', summary: 'Thing is incomplete' }] });
  });

  test('whose result breaks the plan is kept to it outside strict checks', async () => {
    process.env['HOLDFAST_PROVIDER_STRICT'] = '0';
    expect(await harness.apply('sample_thing', { name: 'a', fail: 'inconsistent' })).toMatchObject({ state: { name: 'a' }, said: [{ severity: 'warning', summary: 'Result differs from the plan' }] });
    process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
    expect(await harness.apply('sample_thing', { name: 'b', fail: 'inconsistent' })).toMatchObject({ state: null, said: [{ severity: 'error' }] });
  });
});

describe('update, read and delete', () => {
  test('that throw keep what was known', async () => {
    const made = await harness.apply('sample_thing', { name: 'a' });
    expect((await harness.apply('sample_thing', { name: 'a', size: 2, fail: 'update' }, made)).state).toEqual(made.state);
    rmSync(directory, { recursive: true });
    expect((await harness.read('sample_thing', made)).state).toBeNull();
    expect((await harness.apply('sample_thing', null, made)).state).toBeNull();
  });

  test('see private data of earlier operations', async () => {
    const made = await harness.apply('sample_thing', { name: 'a' });
    const read = await harness.read('sample_thing', made);
    expect(JSON.parse(read.private.toString())).toEqual({ made: { by: 'create' }, reads: 1 });
    expect(JSON.parse((await harness.apply('sample_thing', { name: 'a', size: 2 }, read)).private.toString())).toMatchObject({ reads: 1 });
  });
});

describe('a provider whose configuration is not known', () => {
  test('keeps states, plans without a client, and says so', async () => {
    const made = await harness.apply('sample_thing', { name: 'a' });
    const other = createHarness(sample);
    expect(await other.configure({ directory: UNKNOWN })).toMatchObject([{ severity: 'warning', summary: 'Provider configuration is not known yet' }]);
    expect(await other.read('sample_thing', made)).toEqual({ ...made, said: [] });
    expect(await other.plan('sample_thing', { name: 'b' })).toMatchObject({ said: [{ summary: 'Names were not checked' }], plan: { name: 'b' } });
    expect(await other.apply('sample_thing', { name: 'b' })).toMatchObject({ state: null, said: [{}, { severity: 'error', summary: 'Provider is not configured' }] });
    expect(await other.readData('sample_thing', { name: 'a' })).toMatchObject({ state: null, said: [{ summary: 'Provider is not configured' }] });
  });

  test('still serves resources that do without a client', async () => {
    const define = framework<string | undefined>();
    const free = define.resource({ name: 'free', description: 'x', withoutClient: true, attributes: { id: t.string().computed() }, create: async (_plan, { client }) => ({ id: String(client) }), read: async () => null, delete: async () => undefined });
    const one = createHarness(framework<string>().provider({ name: 'x', version: '0', description: 'x', attributes: {}, configure: () => new NotConfigured('why'), resources: [free as ResourceDefinition<typeof free.attributes, string>] }));
    await one.configure({});
    const made = await one.apply('x_free', {});
    expect(made.state?.['id']).toBe('undefined');
    expect((await one.read('x_free', made)).state).toBeNull();
  });
});

describe('a move', () => {
  test('never passes on the private data of the other type', async () => {
    const answer = await harness.call('MoveResourceState', { sourceTypeName: 'terraform_data', sourceState: { json: Buffer.from('{"id":"1","input":{"value":"a"}}') }, targetTypeName: 'sample_thing' });
    expect(answer).toMatchObject({ diagnostics: [], targetPrivate: Buffer.alloc(0) });
    const refused = await harness.call('MoveResourceState', { sourceTypeName: 'other', sourceState: { json: Buffer.from('{}') }, targetTypeName: 'sample_thing' });
    expect(refused).toMatchObject({ targetState: undefined, diagnostics: [{ summary: 'Move is not supported' }] });
  });
});

describe('plans through the harness', () => {
  test('of replacements check the new object before the old one goes', async () => {
    const made = await harness.apply('sample_thing', { name: 'a', size: 5 });
    expect((await harness.plan('sample_thing', { name: 'a', size: 2 }, made)).replaces).toEqual(['size']);
    expect((await harness.plan('sample_thing', { name: 'a', size: UNKNOWN }, made)).replaces).toEqual(['size']);
    const again = await harness.apply('sample_thing', { name: 'a', size: 2 }, made);
    expect(again.state?.['id']).not.toBe(made.state?.['id']);
  });

  test('never contain write-only values, and follow set elements to their prior ones', async () => {
    const made = await harness.apply('sample_thing', { name: 'a', secret: 'x', rules: [{ port: 1 }, { port: 2, protocol: 'udp' }] });
    expect(made.said).toEqual([]);
    expect(made.state).toMatchObject({ secret: null, secret_length: 1 });
    const same = await harness.plan('sample_thing', { name: 'a', secret: 'y', rules: [{ port: 2, protocol: 'udp' }, { port: 1 }] }, made);
    expect(same.plan?.['revision']).toBe(1);
    const changed = await harness.plan('sample_thing', { name: 'a', rules: [{ port: 3 }] }, made);
    expect(isUnknown(changed.plan?.['revision'])).toBe(true);
  });
});

describe('functions, data sources and documents', () => {
  test('work through the codec', async () => {
    expect(await harness.callFunction('slug', 'A b')).toMatchObject({ result: 'a-b', error: undefined });
    expect(await harness.callFunction('slug', 'x'.repeat(30))).toMatchObject({ error: 'it is longer than 20 characters', argument: 0 });
    expect(await harness.callFunction('sum', 1, 2)).toMatchObject({ result: { sum: 3, count: 2 } });
    await harness.apply('sample_thing', { name: 'a', size: 7 });
    expect((await harness.readData('sample_thing', { name: 'a' })).state).toMatchObject({ size: 7 });
  });

  test('pages say everything about a schema', () => {
    const pages = new Map(documentProvider(sample).map(({ path, text }) => [path, text]));
    expect([...pages.keys()]).toEqual(['data-sources/thing.md', 'ephemeral-resources/token.md', 'functions/slug.md', 'functions/sum.md', 'index.md', 'resources/thing.md']);
    const page = pages.get('resources/thing.md') ?? '';
    for (const part of [
      'page_title: "sample_thing Resource"', '  A thing of the pretend cloud.\n', '### Required\n\n- `name` (String) Its name.', '- `size` (Number) Size in GiB. It shrinks by replacement only. Default `1`.',
      '- `password` (String, Sensitive)', '- `secret` (String, Write-only)', '- `rules` (Attributes Set) See [below](#nestedatt--rules).', '### Nested Schema for `disk`', '#### Read-Only\n\n- `device` (String)',
      '### Read-Only\n\n- `id` (String) Id of the thing.', '- `tags` (Map of String)', '## Import', 'identity = {\n    id = "..."', 'Default `20m`.',
    ]) expect(page).toContain(part);
    expect(pages.get('functions/sum.md')).toContain('provider::sample::sum(numbers number...) object({sum = number, count = number})');
  });
});

describe('definitions that Terraform would refuse', () => {
  const server = (attributes: ResourceDefinition<Record<string, never>, unknown>['attributes'] | object): (() => unknown) => () => createServer({
    name: 'x', version: '0', description: '', attributes: {}, configure: () => 1, resources: [{ name: 'r', description: '', attributes: attributes as Record<string, never>, create: async () => ({}), read: async () => null, delete: async () => undefined }],
  });
  test('fail at the start, naming the attribute', () => {
    expect(server({ count: t.int() })).toThrow('x_r.count: Terraform keeps this name');
    expect(server({ Name: t.int() })).toThrow('x_r.Name: names are lower-case');
    expect(server({ rules: t.setOf({ secret: t.string().writeOnly() }) })).toThrow('x_r.rules.secret: a write-only');
    expect(server({ values: t.list(t.dynamic()) })).toThrow('x_r.values: a collection cannot have dynamic');
  });
});

test('errors of the client are put into words by the provider', async () => {
  const define = framework<object>();
  const broken = define.resource({ name: 'r', description: '', attributes: { id: t.string().computed() }, create: async () => { throw new TypeError('low level'); }, read: async () => null, delete: async () => { throw new ProviderError('No', 'never'); } });
  const one = createHarness(define.provider({ name: 'x', version: '0', description: '', attributes: {}, configure: () => ({}), resources: [broken], describeError: (error) => (error instanceof TypeError ? { summary: 'Cloud failed', detail: 'Try again.', path: ['id'] } : undefined) }));
  await one.configure({});
  expect((await one.apply('x_r', {})).said).toEqual([{ severity: 'error', summary: 'Cloud failed', detail: 'Try again.', path: 'id' }]);
  expect((await one.apply('x_r', null, { ...NOTHING, state: { id: 'x' } })).state).toEqual(expect.objectContaining({ id: 'x' }));
});
