/** What the use cases about identities share: their seams, and who may sign. */
import { HoldfastError } from '../model/errors.ts';
import type { Certificate, ChainLink } from '../model/identity.ts';
import type { Cluster, Node } from '../model/node.ts';
import { KEYS } from './keys.ts';
import type { Authority } from './ports/authority.ts';
import type { StoreMembers } from './ports/store-members.ts';
import type { Store } from './ports/store.ts';
import type { Clock, Log, RandomBytes } from './ports/system.ts';
import type { TokenCodec } from './ports/tokens.ts';
import type { Trust } from './trust.ts';

export interface IdentitySeams {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Null on a node without the role control, and on a single machine. */
  readonly authority: Authority | null;
  /** Null on a single machine. */
  readonly tokens: TokenCodec | null;
  /** Null where the cluster does not run its own etcd. */
  readonly members: StoreMembers | null;
}

export interface IdentitySettings {
  readonly node: { readonly id: string; readonly name: string };
  /** Whether a node's daemon lives, as this one sees it. */
  readonly isAlive: (nodeId: string) => boolean;
  /** URLs of the control store, for nodes that join. */
  readonly storeEndpoints: () => readonly string[];
  /** The certificate that this node has: recorded when the cluster does not know it yet (the first node's). */
  readonly own?: Certificate & ChainLink;
}

export interface IdentityContext extends IdentitySeams {
  readonly settings: IdentitySettings;
  readonly trust: Trust;
}

/** @throws failed_precondition where no cluster is. */
export function needTokens({ tokens }: IdentitySeams): TokenCodec {
  if (tokens !== null) return tokens;
  throw new HoldfastError('failed_precondition', 'this is a single machine: it has no certificates and no join tokens', { object: 'cluster', hint: 'Make a cluster of it: holdfast cluster init --help' });
}

/** @throws failed_precondition naming the nodes that can sign, when this one cannot. */
export async function needAuthority(ctx: IdentityContext): Promise<Authority> {
  if (ctx.authority !== null) return ctx.authority;
  needTokens(ctx);
  const { entries } = await ctx.store.list<Node>(KEYS.nodes);
  const able = entries.map(({ value }) => value).filter(({ id, spec }) => spec.roles.includes('control') && id !== ctx.settings.node.id && spec.address !== null);
  const alive = able.filter(({ id }) => ctx.settings.isAlive(id));
  const named = (alive.length > 0 ? alive : able).map(({ name, spec }) => `${name} (https://${spec.address ?? ''})`).join(', ');
  throw new HoldfastError('failed_precondition', `node ${ctx.settings.node.name} signs no certificates: only nodes with the role control do`, { object: `node ${ctx.settings.node.name}`, field: 'authority', hint: named === '' ? 'No node of the cluster can now.' : `Ask one of: ${named}` });
}

export async function needCluster({ store }: IdentitySeams): Promise<Cluster> {
  const cluster = await store.get<Cluster>(KEYS.cluster);
  if (cluster === null) throw new HoldfastError('unavailable', 'the cluster is still being made', { object: 'cluster' });
  return cluster.value;
}
