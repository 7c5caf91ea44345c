// A stand-in for `holdfast` on lab machines, where a test has to decide what the cluster answers and when it fails: the
// command on the machine asks this process, which keeps one cluster in memory. What converge really does is tested with
// the real package (test/e2e/terraform-cluster); here it is the provider's side.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { newId as idOf, type IdKind } from '../../../src/model/id.ts';
import type { LabNode } from '../../lab/netns/lab.ts';

const newId = (kind: IdKind): string => idOf(kind, Date.now(), (count) => randomBytes(count));

export interface StandInNode {
  readonly id: string; readonly name: string; readonly machine_id: string;
  address: string; state: string; version: string; zone: string; labels: Record<string, string>; roles: string[];
  holdings: { name: string; size_bytes: number; last_copy: boolean; attached: boolean; consumers: string[] }[];
}
export interface Call { readonly machine: string; readonly args: readonly string[]; readonly stdin: string; readonly env: string; readonly node: Record<string, unknown> | null }
export interface Answer { readonly status?: number; readonly stdout?: string; readonly stderr?: string; readonly delayMs?: number }

/** What is asked of `holdfast` on a machine, when it is not the usual answer; undefined: the usual one. */
export type Intervention = (call: Call) => Answer | undefined | Promise<Answer | undefined>;

export interface StandIn {
  readonly clusterId: string;
  /** By machine id. */
  readonly nodes: Map<string, StandInNode>;
  readonly tokens: Map<string, string>;
  readonly calls: Call[];
  /** Version of the package that converge installs. */
  packageVersion: string;
  volumes: number;
  intervene: Intervention;
  /** Puts the command on a machine. */
  install(node: LabNode): Promise<void>;
  /** The commands that were given, as `n1: node drain …`, those that only look left out. */
  changes(): string[];
  close(): Promise<void>;
}

const CA = `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`;
const LOOKS = /^(node (inspect|holdings)|cluster status|volume (list|inspect)|trash list|version)|--plan/;

export async function createStandIn(address: string): Promise<StandIn> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [machine = '', id = '', ...rest] = Buffer.concat(chunks).toString().split('\n');
      const [args = '', stdin = '', env = '', config = ''] = rest.map((text) => Buffer.from(text, 'base64').toString());
      void answer({ machine, id, args: args.replace(/\n$/, '').split('\n'), stdin, env, config: config === '' ? null : config })
        .then(({ status = 0, stdout = '', stderr = '' }) => { response.end(`${status} ${Buffer.from(stderr).toString('base64')} ${Buffer.from(stdout).toString('base64')}`); });
    });
  }).listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function answer({ machine, id, args, stdin, env, config }: { machine: string; id: string; args: string[]; stdin: string; env: string; config: string | null }): Promise<Answer> {
    const call: Call = { machine, args, stdin, env, node: config === null ? null : JSON.parse(config) as Record<string, unknown> };
    standIn.calls.push(call);
    const other = await standIn.intervene(call);
    if (other !== undefined) {
      if (other.delayMs !== undefined) await new Promise((resolve) => { setTimeout(resolve, other.delayMs); });
      return other;
    }
    return usual(call, id);
  }

  function usual(call: Call, id: string): Answer {
    const { args } = call;
    const find = (ref: string | undefined) => [...standIn.nodes.values()].find((one) => one.id === ref || one.name === ref);
    const json = (value: unknown): Answer => ({ stdout: JSON.stringify(value) });
    const none: Answer = { status: 3, stderr: 'not found' };
    const [noun, verb, third] = args;
    if (noun === 'volume' || noun === 'trash') return json({ items: noun === 'volume' ? Array.from({ length: standIn.volumes }, () => ({})) : [] });
    if (noun === 'cluster' && verb === 'status') {
      const all = [...standIn.nodes.values()];
      return json({ id: standIn.clusterId, name: 'prod', nodes: all.map(record), members: all.filter(({ roles }) => roles.includes('control')).map(({ name, state }) => ({ name, healthy: state !== 'unavailable', learner: false })) });
    }
    if (noun === 'cluster' && third === 'create') {
      const token = { id: newId('operation'), secret: `hft1.${args[args.indexOf('--name') + 1] ?? ''}` };
      standIn.tokens.set(token.id, token.secret);
      return json({ token: token.secret, record: { id: token.id } });
    }
    if (noun === 'cluster' && third === 'remove') return standIn.tokens.delete(args[3] ?? '') ? {} : none;
    if (noun === 'node' && verb === 'converge') return converge(call, id);
    const node = find(third);
    const own = standIn.nodes.get(id);
    if (noun === 'node' && verb === 'inspect' && third === '-o' && own !== undefined) return json(record(own));
    if (noun === 'node' && node === undefined) return none;
    if (noun === 'node' && node !== undefined) {
      if (verb === 'inspect') return json(record(node));
      if (verb === 'holdings') return json({ items: node.holdings });
      if (verb === 'drain') { node.state = 'drained'; return {}; }
      if (verb === 'remove') { standIn.nodes.delete(node.machine_id); return {}; }
    }
    return { status: 2, stderr: `the stand-in knows no ${args.join(' ')}` };
  }

  const record = ({ id, name, state, version, zone, roles, labels, machine_id, address: at }: StandInNode) => ({ id, name, labels, spec: { zone, roles, address: at, cordoned: false }, status: { state, conditions: [], daemon_version: version, capabilities: { machine_id } } });

  function converge({ args, env, node: wanted }: Call, id: string): Answer {
    const plan = args.includes('--plan');
    const { name = '', advertise = '', zone = '', labels = {}, roles = [], cluster, package: from } = (wanted ?? {}) as { name?: string; advertise?: string; zone?: string; labels?: Record<string, string>; roles?: string[]; cluster?: { join?: unknown }; package?: unknown };
    let found = standIn.nodes.get(id);
    const changes: { what: string; name: string; action: string }[] = [];
    if (found === undefined) {
      changes.push({ what: 'join', name, action: 'join' });
      if (!plan && cluster?.join !== undefined && ![...standIn.tokens.values()].includes(env)) return { status: 1, stderr: 'permission_denied: the token is not known' };
      if (!plan && [...standIn.nodes.values()].some((one) => one.name === name)) return { status: 4, stderr: `conflict: node ${name}: the name is taken` };
      if (!plan) {
        found = { id: newId('node'), name, address: advertise, machine_id: id, state: 'ready', version: standIn.packageVersion, zone, labels, roles, holdings: [] };
        standIn.nodes.set(id, found);
      }
    }
    if (found !== undefined) {
      if (found.zone !== zone || JSON.stringify(found.labels) !== JSON.stringify(labels)) changes.push({ what: 'node', name, action: 'update' });
      if (found.state === 'unavailable') changes.push({ what: 'service', name: 'holdfastd', action: 'start' });
      if (from !== undefined && found.version !== standIn.packageVersion) changes.push({ what: 'package', name: 'holdfast', action: 'upgrade' });
      if (!plan) {
        Object.assign(found, { zone, labels, roles, state: 'ready' });
        if (from !== undefined) found.version = standIn.packageVersion;
      }
    }
    const node = found === undefined ? null : { id: found.id, name: found.name, cluster_id: standIn.clusterId, machine_id: id, version: found.version, running: found.state !== 'unavailable', roles: found.roles, zone: found.zone, labels: found.labels };
    return { stdout: JSON.stringify({ changes, changed: changes.length, plan, node, admin_certificate: null, ca_certificate: node === null ? null : CA, ca_sha256: node === null ? null : 'ca'.repeat(32), endpoints: [] }) };
  }

  const standIn: StandIn = {
    clusterId: newId('cluster'), nodes: new Map(), tokens: new Map(), calls: [], packageVersion: '0.1.0', volumes: 0, intervene: () => undefined,
    async install(node) {
      await node.must('rm -f /usr/local/bin/holdfast');
      await node.put('/usr/local/bin/holdfast', command(address, port), 0o755);
    },
    changes: () => standIn.calls.filter(({ args }) => !LOOKS.test(args.join(' '))).map(({ machine, args }) => `${machine}: ${args.filter((word) => !word.startsWith('/run/')).join(' ')}`),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return standIn;
}

// A shell script: a hundred of them are started in a run of these tests.
const command = (address: string, port: number): string => `#!/bin/sh
b() { base64 -w0; }
config=; before=
for word in "$@"; do [ "$before" = --config ] && config=$word; before=$word; done
answer=$( { hostname; cat /etc/machine-id; printf '%s\n' "$@" | b; echo; if [ -t 0 ]; then :; else b; fi; echo; printf %s "$HOLDFAST_JOIN_TOKEN" | b; echo; [ -z "$config" ] || b <"$config"; } | curl -s --data-binary @- http://${address}:${port}/) || exit 70
status=\${answer%% *}; rest=\${answer#* }
printf %s "\${rest%% *}" | base64 -d >&2
printf %s "\${rest#* }" | base64 -d
exit "$status"
`;
