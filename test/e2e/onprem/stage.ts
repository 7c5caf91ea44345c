// Bare lab machines with disks of their own, the package of this checkout, the administrator's key and request, and ways
// to deploy onto them: the stack onprem by cdktf, and the HCL of examples/onprem by terraform. Ending it leaves nothing.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { terraformBinary } from '../../lab/needs.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';
import { run } from '../../lab/run.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const DISK_BYTES = 1024 ** 3;
const PATIENCE_MS = 600_000;

export interface OnpremStage {
  readonly lab: Lab;
  readonly packages: Packages;
  /** The administrator's key and request, and what is made with them. */
  readonly keys: { readonly keyFile: string; readonly csrFile: string };
  /** A new empty disk on each of the nodes, by name. */
  newDisks(): Promise<ReadonlyMap<string, string>>;
  /** `cdktf deploy|destroy|diff onprem` with these settings of `context.onprem`; ssh, package and admin are given. @throws what it said. */
  cdktf(verb: 'deploy' | 'destroy', settings: object): Promise<string>;
  /** terraform in a copy of examples/onprem, with these variables; ssh, package and admin are given. @throws what it said. */
  terraform(args: readonly string[], variables: object): Promise<string>;
  /** Everything that the states of both hold. */
  states(): string;
  end(): Promise<void>;
}

/** @throws what stops it from being made; nothing is left then. */
export async function startOnpremStage(nodes: number): Promise<OnpremStage> {
  const packages = await builtPackages();
  const lab = await createLab({ nodes, bare: true });
  const directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-onprem-'));
  try {
    const [keyFile, csrFile] = ['admin.key', 'admin.csr'].map((name) => path.join(directory, name)) as [string, string];
    const { key, csr } = await makeKeyAndRequest('admin');
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(csrFile, csr);
    const project = path.join(directory, 'project');
    mkdirSync(project);
    // The example refers to the modules beside it, as in the checkout.
    cpSync(path.join(TOP, 'modules'), path.join(directory, 'modules'), { recursive: true, filter: (file) => !file.includes('/.terraform') });
    const example = path.join(directory, 'examples/onprem');
    cpSync(path.join(TOP, 'examples/onprem'), example, { recursive: true, filter: (file) => !/\/(\.terraform|cdktf\.out|terraform\..*tfstate)/.test(file) });

    const { SSH_AUTH_SOCK: _agent, HOLDFAST_ENDPOINT: _endpoint, ...inherited } = process.env as Record<string, string>;
    const env = { ...inherited, CDKTF_HOME: path.join(directory, 'cdktf-home'), CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: path.join(TOP, 'dist/terraformrc'), HOLDFAST_NODE: process.execPath, HOLDFAST_PROVIDER_STRICT: '1' };
    const said = async (folder: string, argv: readonly string[]): Promise<string> => {
      const { status, stdout, stderr } = await run(['sh', '-c', 'cd "$0" && exec "$@"', folder, ...argv], { env, timeoutMs: PATIENCE_MS });
      if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stdout}${stderr}`);
      return stdout;
    };
    return {
      lab, packages, keys: { keyFile, csrFile },
      newDisks: async () => new Map(await Promise.all(lab.nodes.map(async (node) => [node.name, await node.addDisk(DISK_BYTES)] as const))),
      cdktf(verb, settings) {
        const onprem = { ssh: { keyFile: lab.sshKey, knownHostsFiles: [lab.knownHosts], wait: '30s' }, package: { file: packages.deb }, admin: { csrFile, keyFile }, ...settings };
        writeFileSync(path.join(project, 'cdktf.json'), JSON.stringify({ language: 'typescript', app: `node ${TOP}/stacks/main.ts`, projectId: 'test', sendCrashReports: 'false', context: { onprem } }));
        return said(project, [path.join(TOP, 'tools/cdktf/run'), verb, 'onprem', '--auto-approve', '--no-color']);
      },
      terraform(args, variables) {
        writeFileSync(path.join(example, 'test.auto.tfvars.json'), JSON.stringify({ ssh_key_file: lab.sshKey, known_hosts_files: [lab.knownHosts], package: { file: packages.deb }, admin_csr_file: csrFile, admin_key_file: keyFile, ...variables }));
        return said(example, [terraformBinary() ?? 'terraform', ...args, '-no-color']);
      },
      states: () => [path.join(project, 'terraform.onprem.tfstate'), path.join(example, 'terraform.tfstate')].map((file) => readFileSync(file, 'utf8')).join('\n'),
      async end() {
        await lab.dispose();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await lab.dispose();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The addresses that a run created or destroyed, in the order in which it was done with them; cdktf adds the construct. */
export const finished = (output: string): string[] => [...output.matchAll(/(\S+?)(?: \([^)]*\))?: (?:Creation|Destruction) complete/g)].map(([, address = '']) => address);

/** What of Holdfast runs on a node. */
export async function running(node: LabNode): Promise<string[]> {
  const { stdout } = await node.exec('cat /proc/[0-9]*/comm');
  return stdout.split('\n').filter((name) => /^(holdfast|etcd)/.test(name));
}
