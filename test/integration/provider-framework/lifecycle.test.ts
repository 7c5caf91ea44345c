/** The framework and its plugin protocol under the real terraform: what happens to objects. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSample, head, type Sample } from './workspace.ts';

let sample: Sample;
beforeAll(async () => { sample = await buildSample(); });
afterAll(() => { sample.remove(); });

describe('plans', () => {
  test('an update keeps what keepsPrior() promises and leaves the rest unknown', () => {
    const workspace = sample.workspace('update').thing('size = 5');
    workspace.apply();
    const { id } = workspace.instance.attributes;
    const { changes } = workspace.thing('size = 6').plan();
    expect(changes['sample_thing.a']).toMatchObject({ actions: ['update'], after: { id, size: 6, endpoint: 'https://a.example' }, after_unknown: { revision: true } });
    workspace.apply('plan');
    expect(workspace.instance.attributes).toMatchObject({ id, size: 6, revision: 2 });
    expect(workspace.actions()).toEqual(['no-op']);
  });

  test('a replacement names its cause, and create_before_destroy works', () => {
    const workspace = sample.workspace('replace').thing('size = 5');
    workspace.apply();
    const { id } = workspace.instance.attributes;
    expect(workspace.thing('size = 2').plan().changes['sample_thing.a']).toMatchObject({ actions: ['delete', 'create'], replace_paths: [['size']] });
    workspace.thing('size = 5', 'region = "us-1"', 'lifecycle {\ncreate_before_destroy = true\n}');
    expect(workspace.actions()).toEqual(['create', 'delete']);
    workspace.apply('plan');
    expect(workspace.instance.attributes['id']).not.toBe(id);
    expect(workspace.cloud.all()).toHaveLength(1);
    expect(workspace.actions('-replace=sample_thing.a')).toEqual(['create', 'delete']);
  });

  test('sets of values and of objects have no order, and a change of one element is an update', () => {
    const workspace = sample.workspace('sets').thing('zones = ["a", "b"]', 'rules = [{ port = 1 }, { port = 2, protocol = "udp" }]');
    workspace.apply();
    workspace.thing('zones = ["b", "a", "a"]', 'rules = [{ port = 2, protocol = "udp" }, { port = 1, protocol = "tcp" }]');
    expect(workspace.actions()).toEqual(['no-op']);
    workspace.thing('zones = ["b"]', 'rules = [{ port = 2, protocol = "udp" }, { port = 3 }, { port = 3, protocol = "udp" }]');
    expect(workspace.actions()).toEqual(['update']);
    workspace.apply('plan');
    expect(workspace.instance.attributes['rules']).toHaveLength(3);
  });

  test('nested attributes that depend on other resources may be unknown until apply', () => {
    const workspace = sample.workspace('unknown').write(`
resource "terraform_data" "d" { input = 7 }
resource "sample_thing" "a" {
  name  = "a"
  disk  = { gb = terraform_data.d.output, kind = "hdd" }
  steps = [{ command = "x\${terraform_data.d.id}" }]
  peers = { one = { host = terraform_data.d.id } }
  rules = [{ port = terraform_data.d.output }]
  tags  = { id = terraform_data.d.id }
}`);
    workspace.apply();
    expect(workspace.instance.attributes).toMatchObject({ disk: { gb: 7, kind: 'hdd', device: '/dev/sda' }, rules: [{ port: 7, rule_id: 'r-7' }], peers: { one: { weight: 10 } } });
    expect(workspace.actions()).toEqual(['no-op']);
  });

  test('dynamic values and numbers of any size survive exactly', () => {
    const workspace = sample.workspace('exact').thing('anything = { list = ["x", 3, true], n = 1.5 }', 'big = 123456789012345678901234567890', 'ratio = 0.1');
    workspace.apply();
    expect(workspace.actions()).toEqual(['no-op']);
    expect(readFileSync(join(workspace.directory, 'terraform.tfstate'), 'utf8')).toContain('123456789012345678901234567890');
    workspace.thing('anything = ["now a list"]', 'big = 123456789012345678901234567891', 'ratio = 0.1');
    expect(workspace.actions()).toEqual(['update']);
    workspace.apply('plan');
    expect(workspace.actions()).toEqual(['no-op']);
  });

  test('changed timeouts alone call nobody and leave everything else known', () => {
    const workspace = sample.workspace('timeouts').thing();
    workspace.apply();
    const planned = workspace.thing('timeouts = { create = "2h" }').plan();
    expect(planned.changes['sample_thing.a']).toMatchObject({ actions: ['update'], after: { revision: 1 } });
    workspace.apply('plan');
    expect(workspace.instance.attributes).toMatchObject({ revision: 1, timeouts: { create: '2h' } });
  });

  test('protection refuses a destruction while it is planned', () => {
    const workspace = sample.workspace('protected').thing('protected = true');
    workspace.apply();
    const { status, text } = workspace.run(['plan', '-destroy', '-no-color']);
    expect(status).toBe(1);
    expect(text).toContain('Thing is protected');
    workspace.thing('protected = false').apply();
    workspace.ok('destroy', '-auto-approve');
    expect(workspace.cloud.all()).toEqual([]);
  });
});

describe('state', () => {
  test('drift is found: a change is shown, a removed object is made again', () => {
    const workspace = sample.workspace('drift').thing('size = 5');
    workspace.apply();
    const [made] = workspace.cloud.all();
    workspace.cloud.put({ ...made!, size: 9 });
    const planned = workspace.plan();
    expect(planned.drift[0]?.change.after['size']).toBe(9);
    expect(planned.changes['sample_thing.a']?.actions).toEqual(['delete', 'create']);
    workspace.cloud.remove(made!.id);
    expect(workspace.actions()).toEqual(['create']);
  });

  test('import by command, by block and with generated configuration ends in an empty plan', () => {
    const first = sample.workspace('import-from').thing('size = 4');
    first.apply();
    const { id } = first.instance.attributes as { id: string };
    const begin = head(JSON.stringify(first.cloudDirectory));
    const second = sample.workspace('import').write('resource "sample_thing" "a" {\n name = "a"\n size = 4\n}\n', begin);
    second.ok('import', 'sample_thing.a', id);
    expect(second.actions()).toEqual(['no-op']);
    expect(second.run(['import', '-no-color', 'sample_thing.b', 'none']).text).toMatch(/Thing not found|resource address "sample_thing.b" does not exist/);
    const third = sample.workspace('import-block').write(`import {\n to = sample_thing.b\n id = "${id}"\n}\n`, begin);
    third.ok('plan', '-generate-config-out=generated.tf');
    expect(readFileSync(join(third.directory, 'generated.tf'), 'utf8')).toMatch(/size\s+= 4/);
    expect(third.apply().text).toContain('1 imported, 0 added, 0 changed, 0 destroyed');
  });

  test('a state of an older schema is upgraded step by step', () => {
    const workspace = sample.workspace('upgrade').thing();
    workspace.apply();
    const { state } = workspace;
    const instance = state.resources[0]!.instances[0]!;
    const { name, region, ...rest } = instance.attributes;
    Object.assign(instance, { schema_version: 0, attributes: { ...rest, title: name, zone: region, gone: 'x' } });
    workspace.writeState(state);
    expect(workspace.actions()).toEqual(['no-op']);
    Object.assign(instance, { schema_version: 99 });
    workspace.writeState(state);
    expect(workspace.run(['plan', '-no-color']).text).toMatch(/newer provider|newer version/);
  });

  test('a moved block takes over another type of object, without its private data', () => {
    const workspace = sample.workspace('move').write('resource "terraform_data" "a" { input = "a" }\n');
    workspace.apply();
    const id = workspace.state.resources[0]!.instances[0]!.attributes['id'] as string;
    workspace.cloud.put({ id, name: 'a', region: 'eu-1', size: 1, revision: 1, endpoint: 'https://a.example' });
    workspace.write('resource "sample_thing" "a" { name = "a" }\nmoved {\n from = terraform_data.a\n to = sample_thing.a\n}\n').ok('init');
    expect(workspace.apply().text).toContain('0 added, 0 changed, 0 destroyed');
    expect(workspace.instance.attributes['id']).toBe(id);
    expect(JSON.parse(Buffer.from(workspace.instance.private ?? '', 'base64').toString())).toEqual({ reads: expect.any(Number) });
  });

  test('private data survives updates and refreshes; write-only values are used and never stored', () => {
    const workspace = sample.workspace('private').thing('secret = "s3cr3t"', 'secret_version = 1', 'password = "hidden"');
    const { text } = workspace.apply();
    expect(text).not.toContain('hidden');
    expect(workspace.instance.attributes).toMatchObject({ secret: null, secret_length: 6 });
    workspace.thing('secret = "longer secret"', 'secret_version = 2', 'password = "hidden"').apply();
    expect(workspace.instance.attributes).toMatchObject({ secret_length: 13 });
    const files = ['terraform.tfstate', 'terraform.tfstate.backup'].map((file) => readFileSync(join(workspace.directory, file), 'utf8')).join('');
    expect(files).not.toMatch(/s3cr3t|longer secret/);
    expect(JSON.parse(Buffer.from(workspace.instance.private ?? '', 'base64').toString())).toMatchObject({ made: { by: 'create' } });
  });

  test('an unknown provider configuration keeps the prior state, with one warning', () => {
    const workspace = sample.workspace('unconfigured');
    const known = head(JSON.stringify(workspace.cloudDirectory));
    const things = 'resource "terraform_data" "d" { input = "x" }\nresource "sample_thing" "a" { name = "a" }\nresource "sample_thing" "b" { name = "b" }\n';
    workspace.write(things, known).apply();
    const unknown = head(`"\${terraform_data.d.output == "y" ? "${workspace.cloudDirectory}" : "${workspace.cloudDirectory}"}"`);
    const planned = workspace.write(things.replace('"x"', '"y"'), unknown).plan();
    expect(planned.text.match(/Provider configuration is not known yet/g)).toHaveLength(1);
    expect(planned.changes['sample_thing.a']?.actions).toEqual(['no-op']);
    workspace.apply('plan');
    expect(workspace.instances).toHaveLength(2);
  });
});
