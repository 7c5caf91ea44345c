/**
 * Operations: changes that take time. Anybody writes the record, together with a guard that lets one operation run on
 * an object in the whole cluster; the node that it names carries it out (`operation-runner.ts`). The store is the only
 * place where nodes meet: a key below `/work` calls the carrier, and it takes only what is its own.
 */
import { HoldfastError } from '../model/errors.ts';
import { isOver, type Operation } from '../model/operation.ts';
import { follow } from './cluster/follow.ts';
import { isoNow, mintId, type Seams } from './context.ts';
import { KEYS } from './keys.ts';
import type { Locks } from './locks.ts';
import { createOperationRunner, endOf, type OperationKind } from './operation-runner.ts';
import type { Compare, Entry, Write } from './ports/store.ts';

export type { OperationKind, Step } from './operation-runner.ts';

export interface NewOperation {
  readonly kind: string;
  readonly target: Operation['target'];
  /** Id of the node that carries it out: where the replica or pool is. */
  readonly node: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface Operations {
  register(kind: string, definition: OperationKind): void;
  /** A record for `begin`; made apart so that other records of the same transaction can name it. */
  draft(request: NewOperation): Operation;
  /** What begins the operation, for a transaction of the caller's; `begun` is called when that is committed. */
  prepare(operation: Operation): { readonly compare: readonly Compare[]; readonly writes: readonly Write[] };
  begun(operation: Operation, revision: number): void;
  /** Writes the operation together with the caller's records; its node starts it. The revision; null: a compare failed or another runs on the object, and nothing happened. */
  begin(operation: Operation, compare: readonly Compare[], writes: readonly Write[]): Promise<number | null>;
  /** The running operation of an object, wherever it runs. */
  runningOf(targetId: string): Promise<Operation | null>;
  /** Throws conflict (retryable) while one runs on the object. @param known what `runningOf` has just said, so that nothing changes in between. */
  refuseWhileRunning(targetId: string, object: string, known?: Operation | null): Promise<void>;
  /** Whether one runs on the object on this node. */
  busy(targetId: string): boolean;
  get(id: string): Promise<Operation>;
  wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Operation>;
  /** From any node. One whose node is gone is ended: nobody carries it out any more. */
  cancel(id: string): Promise<Operation>;
  /** Ends one whose node is gone, for good; what it did to records is taken back. */
  endAbandoned(id: string, why: string): Promise<void>;
  /** Goes on with what a former process left, and takes what comes. */
  resume(): Promise<void>;
  /** As the leader: takes over what the leader carries out. */
  lead(): Promise<void>;
  /** No longer the leader: leaves that to the next one. */
  unlead(): Promise<void>;
  runningCount(): Promise<number>;
  /** Stops at the next safe point; what runs is resumed by the next start. */
  stop(): Promise<void>;
}

export interface OperationSurroundings {
  readonly nodeId: string;
  readonly isAlive: (nodeId: string) => boolean;
  readonly isLeader: () => boolean;
}

const LEADER = 'leader';

export function createOperations(seams: Seams, locks: Locks, { nodeId, isAlive, isLeader }: OperationSurroundings): Operations {
  const kinds = new Map<string, OperationKind>();
  const stopped = new AbortController();
  const kindOf = (operation: Pick<Operation, 'kind'>): OperationKind => {
    const kind = kinds.get(operation.kind);
    if (kind === undefined) throw new HoldfastError('internal', `no such kind of operation: ${operation.kind}`);
    return kind;
  };
  const runner = createOperationRunner(seams, locks, nodeId, kindOf);
  const carrierOf = (operation: Operation): string => kindOf(operation).carrier ?? operation.node;

  const stored = async (id: string): Promise<Entry<Operation>> => {
    const entry = /^op_[0-9A-Z]{26}$/.test(id) ? await seams.store.get<Operation>(KEYS.operation(id)) : null;
    if (entry === null) throw new HoldfastError('not_found', `there is no operation "${id.slice(0, 80)}"`, { object: `operation ${id.slice(0, 80)}`, hint: 'List them: holdfast operation list' });
    return entry;
  };
  const get = async (id: string): Promise<Operation> => runner.live(id)?.operation ?? (await stored(id)).value;

  const runningOf = async (targetId: string): Promise<Operation | null> => {
    const guard = await seams.store.get<string>(KEYS.running(targetId));
    if (guard === null) return null;
    const operation = await get(guard.value).catch(() => null);
    return operation === null || isOver(operation) ? null : operation;
  };

  /** Somebody has written or touched a key of ours below `/work`: launch it, or notice that it shall stop. */
  const attend = async (id: string): Promise<void> => {
    const entry = await seams.store.get<Operation>(KEYS.operation(id));
    if (entry === null || isOver(entry.value)) return;
    if (runner.live(id) !== null) {
      if (entry.value.cancel_requested) runner.cancel(id);
      return;
    }
    if (kindOf(entry.value).carrier === LEADER) return adopt(entry);
    if (entry.value.node === nodeId) runner.launch(entry);
  };

  /** What the leader carries out names it, so that a former leader's writes are refused. */
  const adopt = async (entry: Entry<Operation>): Promise<void> => {
    if (!isLeader()) return;
    if (entry.value.node === nodeId) return runner.launch(entry);
    const mine: Operation = { ...entry.value, node: nodeId };
    const done = await seams.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: mine }]);
    if (done.committed) runner.launch({ key: entry.key, value: mine, revision: done.revision });
    else await attend(entry.value.id);
  };

  const idOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
  const guarded = (id: string): void => void attend(id).catch((error: unknown) => seams.log.warn({ operation: id, err: String(error) }, 'an operation could not be taken up; it is tried again'));

  /** @returns false: it changed meanwhile; look again. */
  const end = async (entry: Entry<Operation>, why: string): Promise<boolean> => {
    const error = new HoldfastError('unavailable', why, { object: `operation ${entry.value.id}`, hint: 'What was done on its disks before is shown or collected when the node comes back.' });
    await kindOf(entry.value).undo?.(entry.value, error, 'away');
    const at = isoNow(seams.clock);
    const over: Operation = { ...entry.value, state: entry.value.cancel_requested ? 'cancelled' : 'failed', error: error.toBody(), cancellable: false, updated_at: at, finished_at: at };
    return (await seams.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: over }, ...endOf(entry.value, carrierOf(entry.value))])).committed;
  };

  const prepare = (operation: Operation): ReturnType<Operations['prepare']> => {
    if (stopped.signal.aborted) throw new HoldfastError('unavailable', 'the daemon is stopping', { hint: 'Try again when it is back.' });
    const [record, guard] = [KEYS.operation(operation.id), KEYS.running(operation.target.id)];
    return {
      compare: [{ key: record, revision: 0 }, { key: guard, revision: 0 }],
      writes: [{ op: 'put', key: record, value: operation }, { op: 'put', key: guard, value: operation.id }, { op: 'put', key: KEYS.work(carrierOf(operation), operation.id), value: 'do' }],
    };
  };

  const begun = (operation: Operation, revision: number): void => {
    if (operation.node !== nodeId || (kindOf(operation).carrier === LEADER && !isLeader())) return;
    runner.launch({ key: KEYS.operation(operation.id), value: operation, revision });
  };

  const takeUp = async (carrier: string): Promise<void> => {
    const { entries } = await seams.store.list(KEYS.works(carrier));
    for (const { key } of entries) await attend(idOf(key));
  };

  return {
    register: (kind, definition) => void kinds.set(kind, definition),

    draft(request) {
      const now = isoNow(seams.clock);
      const kind = kindOf(request);
      return {
        id: mintId(seams, 'operation'), kind: request.kind, target: request.target, node: request.node, state: 'pending', step: kind.steps[0]?.name ?? '', args: request.args ?? {},
        done: 0, total: 0, unit: kind.unit, cancellable: kind.cancellable, cancel_requested: false, error: null, created_at: now, updated_at: now, finished_at: null,
      };
    },

    prepare,
    begun,
    async begin(operation, compare, writes) {
      const own = prepare(operation);
      const done = await seams.store.txn([...compare, ...own.compare], [...writes, ...own.writes]);
      if (!done.committed) return null;
      begun(operation, done.revision);
      return done.revision;
    },

    runningOf,
    async refuseWhileRunning(targetId, object, known) {
      const other = known === undefined ? await runningOf(targetId) : known;
      if (other === null) return;
      throw new HoldfastError('conflict', `${object} is being changed: operation ${other.id} (${other.kind}, step ${other.step}) runs`, { object, hint: `Wait for it: holdfast operation watch ${other.id}` }, { retryable: true });
    },
    busy: (targetId) => runner.all().some(({ target }) => target.id === targetId),

    get,
    async wait(id, timeoutMs, signal) {
      if (timeoutMs <= 0) return get(id);
      const timer = new AbortController();
      const either = signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]);
      const timeUp = seams.clock.sleep(timeoutMs, either).catch(() => undefined);
      const live = runner.live(id);
      if (live !== null) await Promise.race([live.over, timeUp]);
      // Carried out elsewhere, or left here for another.
      if (!either.aborted && !isOver(await get(id))) await Promise.race([over(id, timer.signal), timeUp]);
      timer.abort();
      return get(id);
    },

    async cancel(id) {
      for (;;) {
        const entry = await stored(id);
        const { value: operation } = entry;
        if (isOver(operation)) throw new HoldfastError('failed_precondition', `operation ${id} is over: ${operation.state}`, { object: `operation ${id}` });
        if (kindOf(operation).carrier !== LEADER && !isAlive(operation.node)) {
          if (await end({ ...entry, value: { ...operation, cancel_requested: true } }, `node ${operation.node}, which should carry out ${operation.kind}, does not answer: ended without it`)) return get(id);
          continue;
        }
        if (!operation.cancellable) throw new HoldfastError('failed_precondition', `operation ${id} (${operation.kind}) cannot be cancelled at step ${operation.step}`, { object: `operation ${id}`, hint: `Watch it: holdfast operation watch ${id}` });
        const asked: Operation = { ...operation, cancel_requested: true, updated_at: isoNow(seams.clock) };
        const done = await seams.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: asked }, { op: 'put', key: KEYS.work(carrierOf(operation), id), value: 'cancel' }]);
        if (!done.committed) continue;
        runner.cancel(id);
        return asked;
      }
    },

    async endAbandoned(id, why) {
      for (;;) {
        const entry = await seams.store.get<Operation>(KEYS.operation(id));
        if (entry === null || isOver(entry.value) || (await end(entry, why))) return;
      }
    },

    async resume() {
      const each = (carrier: string): Promise<void> =>
        follow(seams, KEYS.works(carrier), stopped.signal, {
          listed: (entries) => entries.forEach(({ key }) => guarded(idOf(key))),
          changed: (change) => change.type === 'put' && guarded(idOf(change.key)),
        });
      await each(nodeId);
      await each(LEADER);
    },
    lead: () => takeUp(LEADER),
    unlead: () => runner.release((operation) => kindOf(operation).carrier === LEADER),

    runningCount: async () => (await seams.store.list(KEYS.runnings)).entries.length,

    async stop() {
      stopped.abort();
      await runner.stop();
    },
  };

  /** Resolves when the record says that it is over. */
  async function over(id: string, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (value: unknown): void => {
        if (isOver(value as Operation)) resolve();
      };
      follow<Operation>(seams, KEYS.operation(id), signal, {
        listed: (entries) => entries.forEach(({ value }) => look(value)),
        changed: (change) => (change.type === 'put' ? look(change.value) : resolve()),
      }).catch(() => resolve());
    });
  }
}
