/** The framework and its plugin protocol under the real terraform: errors, interruptions and the process itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildProvider } from '../../../tools/build-provider.mjs';
import { buildSample, isAlive, type Sample } from './workspace.ts';

let sample: Sample;
beforeAll(async () => { sample = await buildSample(); });
afterAll(() => { sample.remove(); });

const COOKIE = 'd602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2';
const startedPids = (file: string): number[] => readFileSync(file, 'utf8').trim().split('\n').map((line) => Number(line.split(' ')[0]));
async function until(what: string, done: () => boolean): Promise<void> {
  for (let left = 600; left > 0; left -= 1) {
    if (done()) return;
    await new Promise((resolve) => { setTimeout(resolve, 25); });
  }
  throw new Error(`gave up waiting until ${what}`);
}

describe('errors', () => {
  test('point at the attribute, all at once', () => {
    const workspace = sample.workspace('paths').write('resource "sample_thing" "a" {\n  name = "Bad"\n  size = 5000\n  ports = [1, 70000]\n  disk = { gb = 1.5, kind = "tape" }\n  timeouts = { create = "soon" }\n}\n');
    const { stdout } = workspace.run(['validate', '-json']);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: { detail: string; range?: { start: { line: number } } }[] };
    const found = diagnostics.map(({ detail, range }) => `${range?.start.line ?? 0}: ${detail}`);
    expect(found).toEqual(expect.arrayContaining([
      expect.stringMatching(/: name must begin with a lower-case letter, not "Bad"/), expect.stringMatching(/: size must be between 1 and 1000, not 5000/),
      expect.stringMatching(/: ports\[1\] must be between 1 and 65535, not 70000/), expect.stringMatching(/: disk\.gb must be a whole number/),
      expect.stringMatching(/: disk\.kind must be one of "ssd", "hdd"/), expect.stringMatching(/: timeouts\.create: "soon" is not a duration/),
    ]));
    expect(found.find((one) => one.includes('size must'))).toMatch(/^12:/);
  });

  test('of attributes against each other, of a required null, and of a plan', () => {
    const workspace = sample.workspace('refused').thing('size = 200', 'disk = { gb = 3 }');
    expect(workspace.run(['validate', '-no-color']).text).toContain('A size above 100 needs disk.gb');
    workspace.write('variable "n" {\n default = null\n}\nresource "sample_thing" "a" {\n name = var.n\n}\n');
    expect(workspace.run(['plan', '-no-color']).text).toContain('name must have a value; it is null');
    workspace.thing('fail = "plan"');
    expect(workspace.run(['plan', '-no-color']).text).toMatch(/Plan refused .*on main\.tf line/);
    expect(workspace.thing('size = 600').plan().text).toContain('Warning: Large thing');
  });

  test('a failed create leaves no state, a failed update the prior one', () => {
    const workspace = sample.workspace('failed').thing('fail = "create"');
    expect(workspace.failingApply()).toContain('Thing was not made');
    expect(workspace.instances).toEqual([]);
    workspace.thing('size = 3').apply();
    expect(workspace.thing('size = 4', 'fail = "update"').failingApply()).toContain('Thing was not changed');
    expect(workspace.instance).toMatchObject({ attributes: { size: 3, revision: 1 } });
    expect(workspace.instance.status).toBeUndefined();
  });

  test('a result that contradicts the plan is an error under strict checks, and otherwise neither taints nor is lost', () => {
    const workspace = sample.workspace('contradiction').thing('fail = "inconsistent"');
    expect(workspace.failingApply()).toMatch(/Result differs from the plan .*name was planned as "a", but is "a-x"/);
    const ran = workspace.run(['apply', '-auto-approve', '-no-color'], { HOLDFAST_PROVIDER_STRICT: '' });
    expect(ran.status).toBe(0);
    expect(ran.text).toContain('Warning: Result differs from the plan');
    expect(workspace.instance.attributes['name']).toBe('a');
    expect(workspace.instance.status).toBeUndefined();
  });

  test('a crash of the provider shows the reason, and keeps what others made', () => {
    const workspace = sample.workspace('crash').write('resource "sample_thing" "ok" { name = "ok" }\nresource "sample_thing" "a" {\n name = "a"\n fail = "crash"\n delay_ms = 5000\n depends_on = [sample_thing.ok]\n}\n');
    const text = workspace.failingApply();
    expect(text).toContain('panic: Error: deliberate crash');
    expect(workspace.instances.map(({ attributes }) => attributes['name'])).toEqual(['ok']);
  });

  test('of functions name the argument; data sources and ephemeral resources work', () => {
    const workspace = sample.workspace('functions').write(`
resource "sample_thing" "a" { name = provider::sample::slug("A b") }
data "sample_thing" "a" { name = sample_thing.a.name }
ephemeral "sample_token" "t" {}
output "sum" { value = provider::sample::sum(1, 2, 3).sum }
output "found" { value = data.sample_thing.a.id == sample_thing.a.id }
`);
    workspace.apply();
    expect(JSON.parse(workspace.ok('output', '-json').stdout)).toMatchObject({ sum: { value: 6 }, found: { value: true } });
    workspace.write('output "s" { value = provider::sample::slug("0123456789 0123456789 0123456789") }\n');
    expect(workspace.run(['plan', '-no-color']).text).toContain('Invalid value for "text" parameter: it is longer than 20 characters');
    workspace.write('data "sample_thing" "none" { name = "none" }\n');
    expect(workspace.run(['plan', '-no-color']).text).toMatch(/Thing not found .*There is no thing named none/);
  });
});

describe('interruptions', () => {
  test('the time of timeouts.create ends a create, and what was made is removed', () => {
    const workspace = sample.workspace('deadline').thing('delay_ms = 60000', 'timeouts = { create = "300ms" }');
    expect(workspace.failingApply()).toMatch(/Operation timed out .*creating sample_thing is over \(timeouts\.create = 0\.3s\)/);
    expect(workspace.instances).toEqual([]);
    expect(workspace.cloud.all()).toEqual([]);
  });

  test('Ctrl-C in the middle of a create removes what was made and leaves no state', async () => {
    const workspace = sample.workspace('interrupt').thing('delay_ms = 60000');
    const { child, output, exit } = await workspace.startApply();
    process.kill(-child.pid!, 'SIGINT');
    expect(await exit).toBe(1);
    expect(output()).toMatch(/Operation cancelled .*interrupted while creating sample_thing/);
    expect(workspace.instances).toEqual([]);
    expect(workspace.cloud.all()).toEqual([]);
  });

  test('Ctrl-C may also leave an incomplete object in state, which is not tainted', async () => {
    const workspace = sample.workspace('incomplete').thing('delay_ms = 60000', 'fail = "incomplete"');
    const { child, output, exit } = await workspace.startApply();
    process.kill(-child.pid!, 'SIGINT');
    await exit;
    expect(output()).toContain('Thing is incomplete');
    expect(workspace.cloud.all()).toHaveLength(1);
    expect(workspace.instance.status).toBeUndefined();
  });

  test('a killed terraform leaves no process, no socket and no half-made object', async () => {
    const workspace = sample.workspace('killed').thing('delay_ms = 60000');
    const starts = join(workspace.directory, 'starts');
    const sockets = join(workspace.directory, 'sockets');
    mkdirSync(sockets);
    const { child, exit } = await workspace.startApply({ SAMPLE_STARTS: starts, TMPDIR: sockets });
    child.kill('SIGKILL');
    await exit.catch(() => undefined);
    await until('every provider has left', () => startedPids(starts).every((pid) => !isAlive(pid)));
    expect(workspace.cloud.all()).toEqual([]);
    expect(readdirSync(sockets).filter((name) => name.startsWith('tf-provider-'))).toEqual([]);
  });
});

describe('the process', () => {
  const executable = (): string => join(dirname(sample.bundle), `terraform-provider-sample_v${sample.version}`);

  test('speaks without TLS too, and takes 100 objects at once', () => {
    const workspace = sample.workspace('many').write('resource "sample_thing" "a" {\n count = 100\n name = "a${count.index}"\n delay_ms = 20\n}\n');
    expect(workspace.run(['apply', '-auto-approve', '-no-color', '-parallelism=50'], { TF_DISABLE_PLUGIN_TLS: '1' }).status).toBe(0);
    expect(workspace.cloud.all()).toHaveLength(100);
    workspace.ok('destroy', '-auto-approve', '-parallelism=50');
    expect(workspace.cloud.all()).toEqual([]);
  });

  test('writes nothing but the handshake to stdout, leaves at the end of its parent, and refuses to be run by hand', async () => {
    const byHand = spawnSync(executable(), { encoding: 'utf8', env: sample.env });
    expect(byHand).toMatchObject({ status: 1, stdout: '' });
    expect(byHand.stderr).toContain('Terraform and OpenTofu, which start it themselves');
    const old = spawnSync(executable(), { encoding: 'utf8', env: { ...sample.env, TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_PROTOCOL_VERSIONS: '4,5' } });
    expect(old.stderr).toContain('speaks plugin protocol 6');
    const child = spawn(executable(), { env: { ...sample.env, TF_PLUGIN_MAGIC_COOKIE: COOKIE, PLUGIN_PROTOCOL_VERSIONS: '5,6' } });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
    await until('the handshake is written', () => stdout.includes('\n'));
    expect(stdout).toMatch(/^1\|6\|unix\|\S+\|grpc\|\n$/);
    const socket = stdout.split('|')[3]!;
    expect(existsSync(socket)).toBe(true);
    child.kill('SIGTERM');
    await until('it has left', () => child.exitCode !== null);
    expect(existsSync(dirname(socket))).toBe(false);
  });

  test('without a usable Node it says in terraform\'s output what to install', () => {
    const directory = join(sample.root, 'no-node');
    cpSync(dirname(sample.bundle), directory, { recursive: true });
    const program = join(directory, `terraform-provider-sample_v${sample.version}`);
    const none = spawnSync(program, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOLDFAST_NODE: '/none/node' } });
    expect(none).toMatchObject({ status: 1 });
    expect(none.stdout).toContain('needs Node.js 24 or later');
    expect(none.stdout).toContain("'/none/node' was not found");
    // an older Node: the real one under a false version
    const oldNode = join(directory, 'old-node');
    writeFileSync(oldNode, `#!/bin/sh\nexec "${process.execPath}" -r "${join(directory, 'old.cjs')}" "$@"\n`);
    writeFileSync(join(directory, 'old.cjs'), 'Object.defineProperty(process.versions, "node", { value: "20.11.0" });\n');
    chmodSync(oldNode, 0o755);
    const workspace = sample.workspace('old-node').thing();
    expect(workspace.run(['plan', '-no-color'], { HOLDFAST_NODE: oldNode }).text).toContain('needs Node.js 24 or later, but');
  });

  test('its log is in Terraform\'s log under its level, and silent otherwise', () => {
    const workspace = sample.workspace('log').thing();
    const log = join(workspace.directory, 'log');
    workspace.run(['plan'], { TF_LOG: 'trace', TF_LOG_PATH: log });
    expect(readFileSync(log, 'utf8')).toMatch(/\[TRACE\] provider\.[^\n]*answered: [^\n]*call=PlanResourceChange/);
    const quiet = spawnSync(executable(), { encoding: 'utf8', env: { ...sample.env, TF_PLUGIN_MAGIC_COOKIE: COOKIE }, timeout: 1_000 });
    expect(quiet.stderr).toBe('');
  });

  test('its schema is what terraform prints, for both registries, and a rebuilt equal provider has the equal version', async () => {
    const workspace = sample.workspace('schema').thing();
    const { provider_schemas: schemas } = JSON.parse(workspace.ok('providers', 'schema', '-json').stdout) as { provider_schemas: Record<string, { resource_schemas: Record<string, { version: number; block: { attributes: Record<string, unknown> } }>; functions: object }> };
    const schema = schemas['registry.terraform.io/holdfast/sample'];
    expect(schema?.resource_schemas['sample_thing']).toMatchObject({ version: 2, block: { attributes: { secret: { write_only: true }, password: { sensitive: true }, id: { computed: true, description_kind: 'markdown' }, disk: { nested_type: { nesting_mode: 'single' } } } } });
    expect(Object.keys(schema?.functions ?? {})).toEqual(['slug', 'sum']);
    const again = await buildProvider({ main: 'test/integration/provider-framework/sample/main.ts', out: sample.root, name: 'sample' });
    expect(again.version).toBe(sample.version);
    expect(readdirSync(join(sample.mirror, 'registry.opentofu.org/holdfast/sample'))).toEqual([sample.version]);
    const released = await buildProvider({ main: 'test/integration/provider-framework/sample/main.ts', out: join(sample.root, 'released'), name: 'sample', version: '1.2.3', platforms: ['linux_amd64', 'linux_arm64'] });
    expect(readdirSync(join(released.mirror, 'registry.terraform.io/holdfast/sample/1.2.3'))).toEqual(['linux_amd64', 'linux_arm64']);
  });

  test('terraform test runs against it, with and without mocks', () => {
    const workspace = sample.workspace('mocks').write('variable "n" { default = "a" }\nresource "sample_thing" "a" { name = var.n }\noutput "e" { value = sample_thing.a.endpoint }\n');
    writeFileSync(join(workspace.directory, 'real.tftest.hcl'), 'run "real" {\n assert {\n condition = output.e == "https://a.example"\n error_message = "x"\n }\n}\n');
    writeFileSync(join(workspace.directory, 'mock.tftest.hcl'), 'mock_provider "sample" {\n mock_resource "sample_thing" {\n defaults = { endpoint = "mocked" }\n }\n}\nrun "mock" {\n assert {\n condition = output.e == "mocked"\n error_message = "x"\n }\n}\n');
    expect(workspace.ok('test').text).toContain('2 passed, 0 failed');
  });
});
