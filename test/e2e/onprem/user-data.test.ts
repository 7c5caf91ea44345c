// Machines that nobody reaches over SSH: what the module user-data says is run by the machines themselves, when they first
// start and once more. Nothing else is done on them.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { bareLab, describeIf, loopDevices, terraform, terraformBinary } from '../../lab/needs.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { builtPackages } from '../../lab/packages.ts';
import { must } from '../../lab/run.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
/** Where the machine's own secrets are; in a cloud, a command that asks the secret store. */
const SECRET = '/run/secrets/join-token';
const DOCUMENT = '/var/lib/cloud/user-data';
const PACKAGE = '/opt/holdfast.deb';

describeIf([bareLab, loopDevices, terraform], 'user data', () => {
  let lab: Lab;
  let directory: string;
  let documents: Record<'n1' | 'n2', string>;
  let [n1, n2] = [] as unknown as [LabNode, LabNode];

  beforeAll(async () => {
    const { deb, version } = await builtPackages();
    lab = await createLab({ nodes: 2, bare: true });
    [n1, n2] = lab.nodes as [LabNode, LabNode];
    directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-user-data-'));
    await lab.mirror.add(deb);
    await n1.put(PACKAGE, readFileSync(deb));
    documents = await documentsOf(version, await n2.addDisk(1024 ** 3));
    await Promise.all(lab.nodes.map((node) => node.put(DOCUMENT, documents[node.name as 'n1' | 'n2'], 0o700)));
  }, 900_000);
  afterAll(async () => {
    await lab?.dispose();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  /** What terraform makes of the module: n1 from a package in its image, n2 from its mirrors. */
  async function documentsOf(version: string, disk: string): Promise<Record<'n1' | 'n2', string>> {
    const work = path.join(directory, 'work');
    mkdirSync(work);
    const { csr } = await makeKeyAndRequest('admin');
    writeFileSync(path.join(work, 'main.tf'), `
      terraform {
        required_providers {
          holdfast = { source = "holdfast/holdfast" }
        }
      }
      module "n1" {
        source  = "${TOP}/modules/user-data"
        name    = "n1"
        address = "${n1.address}"
        package = { file = "${PACKAGE}" }
        init    = { cluster = "prod", admin_csr = ${JSON.stringify(csr)} }
      }
      module "n2" {
        source  = "${TOP}/modules/user-data"
        name    = "n2"
        address = "${n2.address}"
        zone    = "rack-2"
        package = { apt = "${version}" }
        join    = { endpoints = ["https://${n1.address}:7480"], token_command = "cat ${SECRET}" }
        pools   = [{ name = "pool-n2", devices = ["${disk}"] }]
      }
      output "documents" {
        value = { n1 = module.n1.user_data, n2 = module.n2.user_data }
      }`);
    const env = { ...process.env as Record<string, string>, CHECKPOINT_DISABLE: '1', TF_CLI_CONFIG_FILE: path.join(TOP, 'dist/terraformrc'), HOLDFAST_NODE: process.execPath };
    const run = (...args: readonly string[]) => must([terraformBinary() ?? 'terraform', `-chdir=${work}`, ...args], { env });
    await run('init');
    await run('apply', '-auto-approve');
    return JSON.parse(await run('output', '-json', 'documents')) as Record<'n1' | 'n2', string>;
  }

  const start = (node: LabNode) => node.exec([DOCUMENT], { timeoutMs: 600_000 });
  const nodes = async (): Promise<unknown> => (JSON.parse(await n1.must(['holdfast', 'node', 'list', '-o', 'json'])) as { items: { name: string; spec: { zone: string }; status: { state: string } }[] })
    .items.map(({ name, spec, status }) => [name, spec.zone, status.state]).sort();

  it('makes the first machine a cluster, when it starts', async () => {
    const { status, stdout, stderr } = await start(n1);
    expect([status, stdout + stderr]).toEqual([0, expect.stringContaining('n1 is as')]);
    expect(await nodes()).toEqual([['n1', '', 'ready']]);
  }, 600_000);

  it('leaves the administrator\'s certificate where root of the first machine finds it', async () => {
    const answer = JSON.parse(await n1.must('holdfast node converge --config /etc/holdfast/node.json -o json')) as { changed: number; admin_certificate: string | null };
    expect(answer).toMatchObject({ changed: 0, admin_certificate: expect.stringContaining('BEGIN CERTIFICATE') });
  });

  it('lets another one join with a token from where only it may read', async () => {
    expect(documents.n2).not.toContain('hft1.');
    expect((await start(n2)).status).not.toBe(0); // there is no token yet
    await n1.must('holdfast cluster token create --name n2 --out /root/token');
    await n2.put(SECRET, await n1.read('/root/token'), 0o600);
    const { status, stderr } = await start(n2);
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(await nodes()).toEqual([['n1', '', 'ready'], ['n2', 'rack-2', 'ready']]);
    expect((JSON.parse(await n1.must(['holdfast', 'pool', 'list', '-o', 'json'])) as { items: { name: string }[] }).items.map(({ name }) => name)).toEqual(['pool-n2']);
  }, 600_000);

  it('changes nothing when it runs again, and needs no token any more', async () => {
    await n2.must(`rm ${SECRET}`);
    const running = async (node: LabNode): Promise<string> => node.must('cat /run/holdfast/*.pid; ls -l --full-time /etc/holdfast/holdfastd.json');
    const before = await Promise.all([n1, n2].map(running));
    for (const node of [n1, n2]) expect((await start(node)).status).toBe(0);
    expect(await Promise.all([n1, n2].map(running))).toEqual(before);
  }, 600_000);

  it('makes it so again after the machine was started anew', async () => {
    await n2.kill();
    await n2.boot();
    expect((await start(n2)).status).toBe(0);
    expect(await nodes()).toEqual([['n1', '', 'ready'], ['n2', 'rack-2', 'ready']]);
  }, 600_000);
});
