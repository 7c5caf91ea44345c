/**
 * What the leader does for all: it marks nodes that were lost and places anew what can be, drops what is old, and forgets
 * machines that never finished joining. Every duty looks at the store anew and can be cut off anywhere; the next leader
 * goes on. What it writes compares the leader's key. (Members of etcd and identities have duties of their own.)
 */
import type { HoldfastEvent, Node } from '../../model/node.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import type { Context } from '../context.ts';
import { oldClaims } from '../idempotency.ts';
import { KEYS } from '../keys.ts';
import { holdingsOf, nodeSubject, some } from '../nodes.ts';
import type { StoreMembers } from '../ports/store-members.ts';
import type { StoredToken } from '../tokens.ts';
import { createReplacement } from './replace.ts';
import { membersOf } from './control-nodes.ts';

export interface DutySettings {
  readonly storeMembers: StoreMembers | null;
  readonly revokeNode: (nodeId: string) => Promise<void>;
}

export interface Duties {
  /** One round; the loop calls it as long as this node leads. */
  round(): Promise<void>;
}

const KEEP_EVENTS = 5_000;
const KEEP_OPERATIONS = 1_000;
const PRUNE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** etcd takes 128 writes in one transaction. */
const BATCH = 100;
/** A joining machine is watched by this leader for so long before its token's end is believed: clocks may be an hour off. */
const WATCHED_MS = 300_000;
/** What cannot be placed anew now is tried again after this time. */
const REPLACE_MS = 5_000;

export function createDuties(ctx: Context, settings: DutySettings): Duties {
  const replace = createReplacement(ctx);
  const lastDone = new Map<string, number>();
  /** Machines that are joining, and since when that was seen here; monotonic. */
  let watched: ReadonlyMap<string, number> = new Map();

  const due = (what: string, everyMs: number): boolean => {
    if (ctx.clock.monotonic() - (lastDone.get(what) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    lastDone.set(what, ctx.clock.monotonic());
    return true;
  };

  const guarded = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    if (!ctx.leader.is()) return;
    try {
      await work();
    } catch (error) {
      ctx.log.warn({ what, err: error instanceof Error ? error.message : String(error) }, 'a duty of the leader failed; it is tried again');
    }
  };

  const drop = async (keys: readonly string[]): Promise<void> => {
    for (let i = 0; i < keys.length; i += BATCH) await ctx.store.txn(ctx.leader.guard(), keys.slice(i, i + BATCH).map((key) => ({ op: 'delete', key })));
  };

  const lost = async (): Promise<void> => {
    for (const node of ctx.members.nodes()) {
      if (node.status.state !== 'unavailable' || ctx.members.isAlive(node.id)) continue;
      const record = ctx.members.entry(node.id)?.value;
      const marked = record?.status.conditions.some(({ type }) => type === 'NodeUnreachable') === true;
      if (marked && !due(`replace ${node.id}`, REPLACE_MS)) continue;
      const { moved, waiting } = await replace(node.id);
      if (!marked) await mark(node, moved, waiting);
      else if (moved > 0) await ctx.events.tell(nodeSubject(node), 'PlacedElsewhere', `${moved} volume(s) that were bound for node ${node.name} are made elsewhere`);
    }
  };

  /** Mark and event in one transaction: told once, whoever leads. */
  const mark = async (node: Node, moved: number, waiting: readonly string[]): Promise<void> => {
    const entry = await ctx.store.get<Node>(KEYS.node(node.id));
    if (entry === null || ctx.members.isAlive(node.id)) return;
    const holdings = await holdingsOf(ctx, node.id);
    const unavailable = holdings.filter(({ last_copy }) => last_copy);
    const attached = holdings.filter((holding) => holding.attached).length;
    const parts = [
      `${unavailable.length} volume(s) are unavailable${unavailable.length === 0 ? '' : `: ${some(unavailable.map(({ name }) => name))}`}`,
      ...(attached === 0 ? [] : [`${attached} were attached there`]), ...(moved === 0 ? [] : [`${moved} that held nothing yet are made elsewhere`]),
      ...(waiting.length === 0 ? [] : [`${waiting.length} wait for a place: ${some(waiting)}`]),
    ];
    const since = node.status.conditions.find(({ type }) => type === 'NodeUnreachable');
    const event: HoldfastEvent = ctx.events.draft(nodeSubject(node), 'NodeLost', `node ${node.name} has not been heard of since ${since?.since ?? ''}; ${parts.join('; ')}`, 'warning');
    const next: Node = { ...entry.value, status: { ...entry.value.status, state: entry.value.status.state === 'drained' ? 'drained' : 'unavailable', conditions: [...entry.value.status.conditions.filter(({ type }) => type !== 'NodeUnreachable'), ...(since === undefined ? [] : [since])] } };
    const done = await ctx.store.txn([...ctx.leader.guard(), { key: entry.key, revision: entry.revision }, { key: KEYS.alive(node.id), revision: 0 }], [{ op: 'put', key: entry.key, value: next }, { op: 'put', key: KEYS.event(event.id), value: event }]);
    if (done.committed) ctx.members.learn({ key: entry.key, value: next, revision: done.revision });
  };

  const pruneRecords = async (): Promise<void> => {
    const oldest = async (prefix: string, keep: number): Promise<readonly string[]> => {
      const { entries } = await ctx.store.list(prefix);
      return entries.slice(0, Math.max(0, entries.length - keep)).map(({ key }) => key);
    };
    await drop(await oldest(KEYS.events, KEEP_EVENTS));
    const { entries: operations } = await ctx.store.list<Operation>(KEYS.operations);
    const finished = operations.filter(({ value }) => isOver(value));
    await drop(finished.slice(0, Math.max(0, finished.length - KEEP_OPERATIONS)).map(({ key }) => key));
  };

  /** A machine that redeemed its token and was not heard of until the token ended: what it was given is taken back. */
  const forgetUnfinished = async (): Promise<void> => {
    const joining = ctx.members.nodes().filter(({ id, status }) => status.state === 'joining' && !ctx.members.isAlive(id));
    const now = ctx.clock.monotonic();
    watched = new Map(joining.map(({ id }) => [id, watched.get(id) ?? now]));
    if (joining.length === 0) return;
    const { entries } = await ctx.store.list<StoredToken>(KEYS.tokens);
    for (const node of joining) {
      const open = entries.some(({ value }) => value.claim?.node === node.id && Date.parse(value.record.expires_at) > ctx.clock.now());
      if (open || now - (watched.get(node.id) ?? now) < WATCHED_MS) continue;
      // It may have become a voter already: etcd was up, its daemon never.
      for (const { id } of membersOf(node, (await settings.storeMembers?.list()) ?? [])) await settings.storeMembers?.remove(id);
      await settings.revokeNode(node.id);
      const entry = ctx.members.entry(node.id);
      if (entry === null) continue;
      const event = ctx.events.draft(nodeSubject(node), 'JoinExpired', `node ${node.name} began to join and was not heard of until its token ended; it is forgotten`, 'warning');
      await ctx.store.txn([...ctx.leader.guard(), { key: entry.key, revision: entry.revision }, { key: KEYS.alive(node.id), revision: 0 }], [
        { op: 'delete', key: entry.key }, { op: 'delete', key: KEYS.nodeName(node.name) }, { op: 'put', key: KEYS.event(event.id), value: event },
      ]);
    }
  };

  return {
    async round() {
      await guarded('lost nodes', lost);
      if (due('joining', PRUNE_MS)) await guarded('joining', forgetUnfinished);
      if (due('records', PRUNE_MS)) await guarded('records', pruneRecords);
      if (due('claims', HOUR_MS)) await guarded('claims', async () => drop(await oldClaims(ctx)));
    },
  };
}
