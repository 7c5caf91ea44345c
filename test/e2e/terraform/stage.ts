/**
 * The built provider, a real daemon and the real `terraform`: everything a suite of the life cycle needs. Ending the
 * stage leaves nothing on the machine. The provider runs with its own promises checked (a broken one is an error).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';
import { buildProvider } from '../../../tools/build-provider.mjs';
import { terraformBinary } from '../../lab/needs.ts';
import { startScratchDaemon, type ScratchDaemon } from '../../lab/scratch-daemon.ts';

export interface Stage {
  readonly daemon: ScratchDaemon;
  /** Of the daemon, for looking behind Terraform's back. */
  readonly client: HoldfastClient;
  /** Another directory with a configuration. */
  workspace(name: string): Workspace;
  end(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const daemon = await startScratchDaemon();
  try {
    const { terraformrc } = await buildProvider({ out: path.join(daemon.root, 'dist') });
    const env: NodeJS.ProcessEnv = {
      ...process.env, TF_CLI_CONFIG_FILE: terraformrc, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', HOLDFAST_PROVIDER_STRICT: '1', HOLDFAST_NODE: process.execPath, HOLDFAST_ENDPOINT: daemon.endpoint,
      TMPDIR: daemon.directory('tmp'), // killed providers leave their socket's folder
    };
    for (const name of ['TF_LOG', 'TF_LOG_PROVIDER', 'TF_PLUGIN_CACHE_DIR', 'TF_DATA_DIR']) Reflect.deleteProperty(env, name);
    const client = createClient({ endpoint: daemon.endpoint });
    daemon.directory('workspaces');
    return {
      daemon, client,
      workspace: (name) => new Workspace(mkdtempSync(path.join(daemon.root, 'workspaces', `${name}-`)), daemon, env),
      async end() {
        client.close();
        await daemon.end();
      },
    };
  } catch (error) {
    await daemon.end();
    throw error;
  }
}

export interface Ran { readonly status: number | null; /** Output with boxes and line breaks removed. */ readonly text: string; readonly stdout: string }
export interface Change { readonly actions: readonly string[]; readonly before: Record<string, unknown> | null; readonly after: Record<string, unknown> | null; readonly after_unknown: Record<string, unknown> }
export interface Planned extends Ran { readonly changes: Readonly<Record<string, Change>> }
interface Instance { readonly index_key?: string | number; status?: string; readonly attributes: Record<string, unknown>; readonly private?: string }
interface StateFile { serial: number; readonly resources: { readonly mode: string; readonly type: string; readonly name: string; readonly instances: Instance[] }[] }

/** How the provider is configured; `owner` is the name of the workspace when nothing is said. */
export interface Head { readonly owner?: string; readonly endpoint?: string; readonly defaults?: string }

export class Workspace {
  readonly directory: string;
  /** Of this workspace only: the name that pools and volumes begin with. */
  readonly name: string;
  readonly #daemon: ScratchDaemon;
  readonly #env: NodeJS.ProcessEnv;
  constructor(directory: string, daemon: ScratchDaemon, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.name = path.basename(directory).toLowerCase();
    this.#daemon = daemon;
    this.#env = env;
  }

  /** Writes the configuration, initialises at the first time. `$` in it stands for the workspace's name. */
  write(body: string, head: Head = {}): this {
    const { owner = this.name, endpoint, defaults } = head;
    const settings = [owner === '' ? '' : `owner = "${owner}"`, endpoint === undefined ? '' : `endpoint = ${endpoint}`, defaults === undefined ? '' : `defaults = ${defaults}`].filter((line) => line !== '').join('\n  ');
    writeFileSync(path.join(this.directory, 'main.tf'), `terraform {\n  required_providers {\n    holdfast = { source = "holdfast/holdfast" }\n  }\n}\nprovider "holdfast" {\n  ${settings}\n}\n${body.replaceAll('$-', `${this.name}-`)}`);
    if (!existsSync(path.join(this.directory, '.terraform'))) this.ok('init');
    return this;
  }

  /** HCL of a pool in a directory of its own, as `holdfast_pool.p`. */
  pool(more = ''): string { return `resource "holdfast_pool" "p" {\n  name = "$-p"\n  path = "${this.#daemon.directory(`pools/${this.name}`)}"\n  ${more}\n}\n`; }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const { status, stdout, stderr } = spawnSync(terraformBinary() ?? 'terraform', args, { cwd: this.directory, env: { ...this.#env, ...env }, encoding: 'utf8', timeout: 280_000, maxBuffer: 64 * 1024 * 1024 });
    return { status, stdout, text: flat(stdout + stderr) };
  }
  ok(...args: string[]): Ran {
    const ran = this.run([...args, ...(['show', 'state'].includes(args[0] ?? '') ? [] : ['-no-color'])]);
    if (ran.status !== 0) throw new Error(`terraform ${args.join(' ')} ended with ${ran.status}: ${ran.text}`);
    return ran;
  }
  apply(...args: string[]): Ran { return this.ok('apply', '-auto-approve', ...args); }
  destroy(...args: string[]): Ran { return this.ok('destroy', '-auto-approve', ...args); }
  /** A command that must fail; gives its output. */
  failing(...args: string[]): string {
    const { status, text } = this.run([...args, '-no-color']);
    if (status === 0) throw new Error(`terraform ${args.join(' ')} should have failed: ${text}`);
    return text;
  }
  failingPlan(...args: string[]): string { return this.failing('plan', ...args); }
  failingApply(...args: string[]): string { return this.failing('apply', '-auto-approve', ...args); }
  plan(...args: string[]): Planned {
    const ran = this.ok('plan', '-out=plan', ...args);
    const shown = JSON.parse(this.ok('show', '-json', 'plan').stdout) as { resource_changes?: { address: string; change: Change }[] };
    return { ...ran, changes: Object.fromEntries((shown.resource_changes ?? []).map(({ address, change }) => [address, change])) };
  }
  /** Whether a plan finds nothing to do, outputs included. */
  isSettled(...args: string[]): boolean { return this.run(['plan', '-detailed-exitcode', '-no-color', ...args]).status === 0; }

  get state(): StateFile {
    const file = path.join(this.directory, 'terraform.tfstate');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as StateFile : { serial: 0, resources: [] };
  }
  /** The state file itself, for what may not be in it. */
  get stateText(): string { return readdirSync(this.directory).filter((file) => file.startsWith('terraform.tfstate')).map((file) => readFileSync(path.join(this.directory, file), 'utf8')).join('\n'); }
  writeState(change: (state: StateFile) => void): void {
    const { state } = this;
    change(state);
    writeFileSync(path.join(this.directory, 'terraform.tfstate'), JSON.stringify({ ...state, serial: state.serial + 1 }));
  }
  /** What the state holds of `holdfast_volume.v` and its like. */
  attributes(address: string): Record<string, unknown> | undefined {
    const [type, name] = address.split('.');
    return this.state.resources.find((one) => one.mode === 'managed' && one.type === type && one.name === name)?.instances[0]?.attributes;
  }
  id(address: string): string { return String(this.attributes(address)?.['id']); }

  /** Starts an apply in a process group of its own, as a terminal does, and waits until `begun`. */
  async start(begun: () => Promise<boolean>, ...args: string[]): Promise<Started> {
    const child = spawn(terraformBinary() ?? 'terraform', ['apply', '-auto-approve', '-no-color', ...args], { cwd: this.directory, env: this.#env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    const exit = new Promise<number | null>((resolve) => { child.on('close', resolve); });
    let over = false;
    void exit.then(() => { over = true; });
    while (!(await begun())) {
      if (over) throw new Error(`apply ended too early: ${flat(text)}`);
      await pause(5);
    }
    return { child, exit, output: () => flat(text), group: -(child.pid ?? 0) };
  }
}
export interface Started { readonly child: ChildProcess; readonly exit: Promise<number | null>; readonly output: () => string; /** For `process.kill`: terraform and its providers. */ readonly group: number }

const flat = (text: string): string => text.replaceAll(/[│╷╵]/g, ' ').replaceAll(/\s+/g, ' ');

/** An unprotected volume that leaves nothing in the trash, and is made fast. */
export const volume = (label: string, lines: readonly string[] = [], size = '64M'): string =>
  `resource "holdfast_volume" "${label}" {\n  name = "$-${label}"\n  size = "${size}"\n  ${['fs = "ext4"', 'pool = holdfast_pool.p.name', 'deletion_protection = false', 'trash_retention = "0"'].filter((line) => !lines.some((other) => other.split(' =')[0] === line.split(' =')[0])).concat(lines.filter((line) => !line.startsWith('name ='))).join('\n  ')}\n}\n`;
