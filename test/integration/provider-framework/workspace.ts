/** A directory with a configuration for the sample provider, and the real `terraform` run in it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProvider } from '../../../tools/build-provider.mjs';
import { Cloud } from './sample/cloud.ts';

export interface Ran { readonly status: number | null; /** Output with boxes and line breaks removed. */ readonly text: string; readonly stdout: string }
export interface Change { readonly actions: readonly string[]; readonly before: Record<string, unknown> | null; readonly after: Record<string, unknown>; readonly after_unknown: Record<string, unknown>; readonly replace_paths?: readonly unknown[] }
export interface Planned extends Ran { readonly changes: Readonly<Record<string, Change>>; readonly drift: readonly { change: Change }[] }
interface StateFile { serial: number; resources: { type: string; instances: Instance[] }[] }
export interface Instance { status?: string; schema_version: number; attributes: Record<string, unknown>; private?: string }

/** The sample provider, built once for a suite; `remove` deletes all that tests made. */
export async function buildSample() {
  const root = mkdtempSync(join(tmpdir(), 'provider-framework-'));
  const built = await buildProvider({ main: 'test/integration/provider-framework/sample/main.ts', out: root, name: 'sample' });
  const env: NodeJS.ProcessEnv = { ...process.env, TF_CLI_CONFIG_FILE: built.terraformrc, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', HOLDFAST_PROVIDER_STRICT: '1', HOLDFAST_NODE: process.execPath };
  for (const name of ['TF_LOG', 'TF_LOG_PROVIDER', 'TF_PLUGIN_CACHE_DIR', 'TF_DATA_DIR']) Reflect.deleteProperty(env, name);
  return { ...built, root, env, workspace: (name: string) => new Workspace(mkdtempSync(join(root, `${name}-`)), env), remove: () => { rmSync(root, { recursive: true, force: true }); } };
}
export type Sample = Awaited<ReturnType<typeof buildSample>>;

export const head = (directory: string, more = ''): string => `terraform {
  required_providers {
    sample = { source = "holdfast/sample" }
  }
}
provider "sample" {
  directory = ${directory}
  ${more}
}
`;

export class Workspace {
  readonly directory: string;
  readonly #env: NodeJS.ProcessEnv;
  constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.#env = env;
  }

  get cloudDirectory(): string { return join(this.directory, 'cloud'); }
  get cloud(): Cloud { return new Cloud(this.cloudDirectory); }

  /** Writes the configuration; initialises at the first time. */
  write(body: string, begin = head(JSON.stringify(this.cloudDirectory))): this {
    writeFileSync(join(this.directory, 'main.tf'), `${begin}${body}`);
    if (!existsSync(join(this.directory, '.terraform'))) this.ok('init');
    return this;
  }

  /** One `sample_thing.a` with these lines. */
  thing(...lines: string[]): this { return this.write(`resource "sample_thing" "a" {\n${['name = "a"', ...lines].join('\n')}\n}\n`); }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const { status, stdout, stderr } = spawnSync('terraform', args, { cwd: this.directory, env: { ...this.#env, ...env }, encoding: 'utf8', timeout: 60_000 });
    return { status, stdout, text: flat(stdout + stderr) };
  }
  ok(...args: string[]): Ran {
    const ran = this.run([...args, ...(['show', 'providers'].includes(args[0] ?? '') ? [] : ['-no-color'])]);
    if (ran.status !== 0) throw new Error(`terraform ${args.join(' ')} ended with ${ran.status}: ${ran.text}`);
    return ran;
  }
  apply(...args: string[]): Ran { return this.ok('apply', '-auto-approve', ...args); }
  /** An apply that must fail; gives its output. */
  failingApply(env: NodeJS.ProcessEnv = {}): string {
    const { status, text } = this.run(['apply', '-auto-approve', '-no-color'], env);
    if (status === 0) throw new Error(`apply should have failed: ${text}`);
    return text;
  }
  plan(...args: string[]): Planned {
    const ran = this.ok('plan', '-out=plan', ...args);
    const shown = JSON.parse(this.ok('show', '-json', 'plan').stdout) as { resource_changes?: { address: string; change: Change }[]; resource_drift?: { change: Change }[] };
    return { ...ran, changes: Object.fromEntries((shown.resource_changes ?? []).map(({ address, change }) => [address, change])), drift: shown.resource_drift ?? [] };
  }
  /** What the plan does to `sample_thing.a`. */
  actions(...args: string[]): readonly string[] | undefined { return this.plan(...args).changes['sample_thing.a']?.actions; }

  get state(): StateFile { return JSON.parse(readFileSync(join(this.directory, 'terraform.tfstate'), 'utf8')) as StateFile; }
  writeState(state: StateFile): void { writeFileSync(join(this.directory, 'terraform.tfstate'), JSON.stringify({ ...state, serial: state.serial + 1 })); }
  get instances(): readonly Instance[] { return this.state.resources.filter(({ type }) => type === 'sample_thing').flatMap(({ instances }) => instances); }
  get instance(): Instance {
    const [first] = this.instances;
    if (first === undefined) throw new Error('there is no thing in the state');
    return first;
  }

  /** Starts an apply in a process group of its own, as a terminal does, and waits until it is creating. */
  async startApply(env: NodeJS.ProcessEnv = {}): Promise<{ child: ChildProcess; output: () => string; exit: Promise<number | null> }> {
    const child = spawn('terraform', ['apply', '-auto-approve', '-no-color'], { cwd: this.directory, env: { ...this.#env, ...env }, detached: true });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    const exit = new Promise<number | null>((resolve) => { child.on('close', resolve); });
    // The object is in the cloud before the operation begins to wait.
    while (!text.includes('Creating...') || this.cloud.all().length === 0) {
      if (child.exitCode !== null) throw new Error(`apply ended too early: ${text}`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    return { child, output: () => flat(text), exit };
  }
}

const flat = (text: string): string => text.replaceAll(/[│╷╵]/g, ' ').replaceAll(/\s+/g, ' ');
/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
