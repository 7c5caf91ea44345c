// Bare lab machines, the real package, the built provider and the real terraform: everything that a suite about clusters
// needs. Nodes have sshd and nothing else until Terraform makes them nodes. Ending the stage leaves nothing.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { buildProvider } from '../../../tools/build-provider.mjs';
import { createLab, type Lab } from '../../lab/netns/lab.ts';
import { terraformBinary } from '../../lab/needs.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');

export interface Ran { readonly status: number | null; readonly text: string; readonly stdout: string }
export interface Change { readonly address: string; readonly actions: readonly string[]; readonly before: Record<string, unknown> | null; readonly after: Record<string, unknown> | null }

export interface ClusterStage {
  readonly lab: Lab;
  readonly packages: Packages;
  readonly directory: string;
  /** Writes main.tf: `body` after both configurations of the provider and the module `cluster`. */
  write(cluster: string, body?: string): void;
  terraform(...args: readonly string[]): Promise<Ran>;
  /** @throws Error with what it said when it fails. */
  ok(...args: readonly string[]): Promise<Ran>;
  start(...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ran> };
  /** What a plan would change; also what it says. */
  plan(...args: readonly string[]): Promise<{ readonly changes: readonly Change[]; readonly text: string }>;
  /** Addresses in the order in which a command finished with them, as `create holdfast_cluster.this`. */
  order(text: string): string[];
  /** Of the cluster, as the administrator. */
  client(): Promise<HoldfastClient>;
  /** HCL of a node's value in the map `nodes`. */
  node(name: string, more?: string): string;
  state(): string;
  end(): Promise<void>;
}

/** @param version of the package that is installed. */
export async function startClusterStage({ nodes, version }: { readonly nodes: number; readonly version?: string }): Promise<ClusterStage> {
  const packages = await builtPackages(version);
  const directory = mkdtempSync(path.join(tmpdir(), 'hf-tf-cluster-'));
  const lab = await createLab({ nodes, bare: true });
  try {
    const { terraformrc } = await buildProvider({ out: path.join(directory, 'dist') });
    const { key, csr } = await makeKeyAndRequest('admin');
    writeFileSync(path.join(directory, 'admin.key'), key, { mode: 0o600 });
    writeFileSync(path.join(directory, 'admin.csr'), csr);
    const env: NodeJS.ProcessEnv = {
      ...process.env, TF_CLI_CONFIG_FILE: terraformrc, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', HOLDFAST_PROVIDER_STRICT: '1', HOLDFAST_NODE: process.execPath, HOME: directory,
      HOLDFAST_CLIENT_KEY: path.join(directory, 'admin.key'),
      TMPDIR: path.join(directory, 'tmp'), // killed providers leave their socket's folder
    };
    for (const name of ['TF_LOG', 'TF_LOG_PROVIDER', 'TF_PLUGIN_CACHE_DIR', 'TF_DATA_DIR', 'HOLDFAST_ENDPOINT', 'SSH_AUTH_SOCK']) Reflect.deleteProperty(env, name);
    const work = path.join(directory, 'work');
    for (const folder of [work, path.join(directory, 'tmp')]) mkdirSync(folder);

    const start = (...args: readonly string[]): { child: ChildProcess; ended: Promise<Ran> } => {
      const child = spawn(terraformBinary() ?? 'terraform', args, { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
      child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
      return { child, ended: new Promise((resolve) => { child.on('close', (status) => { resolve({ status, stdout, text: flat(stdout + stderr) }); }); }) };
    };
    const terraform = (...args: readonly string[]): Promise<Ran> => start(...args).ended;
    const ok = async (...args: readonly string[]): Promise<Ran> => {
      const ran = await terraform(...args);
      if (ran.status !== 0) throw new Error(`terraform ${args.join(' ')} ended with ${ran.status}: ${ran.text}`);
      return ran;
    };
    const stage: ClusterStage = {
      lab, packages, directory, start, terraform, ok,
      write(cluster, body = '') {
        writeFileSync(path.join(work, 'main.tf'), `terraform {
  required_providers {
    holdfast = { source = "holdfast/holdfast" }
  }
}
provider "holdfast" {
  ssh = {
    private_key_file  = "${lab.sshKey}"
    known_hosts_files = ["${lab.knownHosts}"]
    wait              = "30s"
  }
}
provider "holdfast" {
  alias              = "data"
  owner              = "e2e"
  endpoint           = module.cluster.endpoint
  ca_certificate     = module.cluster.ca_certificate
  client_certificate = module.cluster.admin_certificate
}
module "cluster" {
  source = "${TOP}/modules//cluster"
  name   = "prod"
  first  = "n1"
  admin  = { csr = file("${directory}/admin.csr") }
  ${cluster}
}
${body}`);
      },
      async plan(...args) {
        const file = path.join(directory, 'plan');
        const ran = await ok('plan', '-input=false', '-no-color', `-out=${file}`, ...args);
        const { stdout } = await ok('show', '-json', file);
        const { resource_changes: all = [] } = JSON.parse(stdout) as { resource_changes?: { address: string; change: Omit<Change, 'address'> }[] };
        return { text: ran.text, changes: all.map(({ address, change }) => ({ address, ...change })).filter(({ actions }) => actions.join() !== 'no-op' && actions.join() !== 'read') };
      },
      order: (text) => [...text.matchAll(/(\S+): (Creation|Destruction|Modifications) complete/g)].map(([, address = '', what = '']) => `${{ Creation: 'create', Destruction: 'destroy', Modifications: 'update' }[what] ?? what} ${address}`),
      async client() {
        const value = async (name: string): Promise<string> => ((JSON.parse((await ok('output', '-json')).stdout) as Record<string, { value: string }>)[name] ?? { value: '' }).value;
        return createClient({ endpoint: await value('endpoint'), tls: { ca: await value('ca'), cert: await value('cert'), key } });
      },
      node: (name, more = '') => `${name} = { host = "${lab.node(name).address}" ${more} }`,
      state: () => readFileSync(path.join(work, 'terraform.tfstate'), 'utf8'),
      async end() {
        await lab.dispose();
        rmSync(directory, { recursive: true, force: true });
      },
    };
    return stage;
  } catch (error) {
    await lab.dispose();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Without boxes, colours and line breaks. */
const flat = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, '').replace(/^[│╷╵]\s?/gm, '').replace(/[ \t]+/g, ' ');
