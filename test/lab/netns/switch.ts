// The lab's network: a bridge in a network namespace of its own, one port per node, and one to the host, so that neither
// the host's bridges nor its firewall see any of it. What is cut or lost is one nftables table in it, written anew from
// the record at every change. It takes IP and leaves ARP: what is lost is lost silently, a one-way loss stays one-way,
// and what is healed is whole at once.
import { existsSync } from 'node:fs';
import { must, run, script } from '../run.ts';
import { folderOf, read, type LabRecord, type NodeRecord } from './record.ts';

/** Name of the switch's network namespace, and of the host's end of the cable to it. */
export const switchName = (lab: number): string => `hf-lab${lab}`;
export const nodeNetns = (lab: number, node: string): string => `hf-lab${lab}-${node}`;
/** A /24 per lab: nodes from .11, User-Mode Linux nodes from .31, the package mirror .253, the host .254. */
export const addressIn = (lab: number, last: number): string => `10.77.${lab}.${last}`;
export const MIRROR_HOST = 253;
export const HOST = 254;

/** Makes bridge and cable to the host. */
export async function makeSwitch(lab: number): Promise<void> {
  await must(script(`
    ip netns add "$1"
    ip -n "$1" link set lo up
    ip -n "$1" link add br0 type bridge
    ip -n "$1" addr add "$2/24" dev br0
    ip -n "$1" link set br0 up
    ip link add "$1" type veth peer name host netns "$1"
    ip -n "$1" link set host master br0 up
    ip addr add "$3/24" dev "$1"
    ip link set "$1" up
  `, switchName(lab), addressIn(lab, MIRROR_HOST), addressIn(lab, HOST)));
}

/** Gives a node a new network: namespace, cable, address, and what it had of cuts and slowness. */
export async function plugIn(lab: number, node: NodeRecord): Promise<void> {
  await unplug(lab, node.name);
  await must(script(`
    ip netns add "$2"
    ip -n "$1" link add "$3" type veth peer name eth0 address "$5" netns "$2"
    ip -n "$1" link set "$3" master br0 up
    ip -n "$2" link set lo up
    ip -n "$2" addr add "$4/24" dev eth0
    ip -n "$2" link set eth0 up
  `, switchName(lab), nodeNetns(lab, node.name), node.name, node.address, hardwareAddress(node.address)));
  await shape(lab, node);
}

/** A port for a kernel of User-Mode Linux: a tap on the bridge. */
export async function plugTap(lab: number, name: string): Promise<void> {
  await run(['ip', '-n', switchName(lab), 'link', 'del', name]);
  await must(script('ip -n "$1" tuntap add "$2" mode tap; ip -n "$1" link set "$2" master br0 up', switchName(lab), name));
}

/** A machine keeps its hardware address over boots, and so do its peers' notes of it. */
export const hardwareAddress = (address: string): string => `02:48:46${address.split('.').slice(1).map((byte) => `:${Number(byte).toString(16).padStart(2, '0')}`).join('')}`;

export async function unplug(lab: number, node: string): Promise<void> {
  if (existsSync(`/run/netns/${nodeNetns(lab, node)}`)) await run(['ip', 'netns', 'del', nodeNetns(lab, node)]);
  // The kernel takes the cable away a moment later than the namespace; a new one of that name has to find the place free.
  if (existsSync(`/run/netns/${switchName(lab)}`)) await run(['ip', '-n', switchName(lab), 'link', 'del', node]);
}

/** Applies the record's bandwidth, both ways. */
export async function shape(lab: number, node: NodeRecord): Promise<void> {
  for (const [netns, device] of [[switchName(lab), node.name], [nodeNetns(lab, node.name), 'eth0']] as const) {
    if (node.slow === undefined) await run(['tc', '-n', netns, 'qdisc', 'del', 'dev', device, 'root']);
    else await must(['tc', '-n', netns, 'qdisc', 'replace', 'dev', device, 'root', 'tbf', 'rate', `${Math.round(node.slow)}bps`, 'burst', '64kb', 'latency', '400ms']);
  }
}

/** Writes the rules of what is cut and what is lost as the record has them. */
export async function applyFaults(lab: number): Promise<void> {
  const rules = ruleset(read(lab));
  await must(['ip', 'netns', 'exec', switchName(lab), 'nft', '-f', '-'], { input: rules });
}

/** The nftables input for a lab's cuts and losses: one transaction, whatever was there before. */
export function ruleset(lab: Pick<LabRecord, 'losses' | 'kernels'> & { readonly nodes: readonly Pick<NodeRecord, 'name' | 'cut'>[] }): string {
  const cut = [...lab.nodes, ...lab.kernels].filter((node) => node.cut).map((node) => node.name);
  const losses = Object.entries(lab.losses).filter(([, percent]) => percent > 0).map(([pair, percent]) => {
    const [from, to] = pair.split('>');
    const chance = percent >= 100 ? '' : `numgen random mod 10000 < ${Math.round(percent * 100)} `;
    return `iifname "${from}" oifname "${to}" ether type { ip, ip6 } ${chance}drop`;
  });
  const chain = (hook: string, rules: readonly string[]) => [`  chain ${hook} {`, `    type filter hook ${hook} priority 0; policy accept;`, ...rules.map((rule) => `    ${rule}`), '  }'];
  return ['table bridge lab {}', 'delete table bridge lab', 'table bridge lab {',
    ...chain('prerouting', cut.map((name) => `iifname "${name}" ether type { ip, ip6 } drop`)),
    ...chain('forward', losses),
    ...chain('postrouting', cut.map((name) => `oifname "${name}" ether type { ip, ip6 } drop`)),
    '}', ''].join('\n');
}

/** Removes what `makeSwitch` and `plugIn` made; whatever of it is there. */
export async function removeSwitch(lab: LabRecord): Promise<void> {
  for (const node of lab.nodes) await unplug(lab.number, node.name);
  if (existsSync(`/run/netns/${switchName(lab.number)}`)) await run(['ip', 'netns', 'del', switchName(lab.number)]);
  if (existsSync(`/sys/class/net/${switchName(lab.number)}`)) await run(['ip', 'link', 'del', switchName(lab.number)]);
}

/** What of the lab's network is still there, for a complaint. */
export const networkLeft = (lab: LabRecord): string[] => [
  ...[switchName(lab.number), ...lab.nodes.map((node) => nodeNetns(lab.number, node.name))].map((name) => `/run/netns/${name}`),
  `/sys/class/net/${switchName(lab.number)}`,
].filter((file) => existsSync(file));

export const consoleOf = (lab: number, node: string): string => `${folderOf(lab)}/${node}/console.log`;
