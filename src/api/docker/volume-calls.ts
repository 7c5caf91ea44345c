/**
 * What each call of Docker's volume plugin protocol means for Holdfast's volumes. Translation only: control decides.
 * Docker gives up after 60 to 120 s, so every call is answered before; what goes on longer is finished in the
 * background, and asking again picks it up.
 */
import type { CallOptions, Control } from '../../control/control.ts';
import type { Log } from '../../control/ports/system.ts';
import { formatSize } from '../../model/bytes.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { checkName } from '../../model/name.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import { conflictError, conflictsWithVolume } from '../../model/spec-match.ts';
import { isSpec, parseSpec, specFromOptions, type VolumeRequest } from '../../model/spec.ts';
import type { Volume } from '../../model/volume.ts';
import type { Call, PluginRequest, PluginVolume, Scope } from './messages.ts';

/** The part of control that Docker's calls need. */
export type DockerControl = Pick<Control, 'ensureVolume' | 'getVolume' | 'listVolumes' | 'publishVolume' | 'unpublishVolume' | 'removeVolume' | 'waitOperation' | 'listOperations'>;

export interface VolumeCallsOptions {
  readonly control: DockerControl;
  readonly log: Log;
  readonly scope: Scope;
  /** Name of this node, for the audit log. */
  readonly node?: string;
}

type Answer = Readonly<Record<string, unknown>>;

/**
 * Answers a call with what Docker expects in the body.
 * @param deadline on the clock of `performance.now()`: until then there is an answer, if only "try again".
 * @throws HoldfastError
 */
export type AnswerCall = (call: Call, request: PluginRequest, deadline: number) => Promise<Answer>;

const ANONYMOUS = /^[0-9a-f]{64}$/;
const ANONYMOUS_RETENTION_MS = 3_600_000;

/** The consumer that a mount ID stands for in a volume's publications. */
export const consumerOf = (mountId: string): string => `docker:${mountId}`;

/**
 * What a text in the place of a name asks for, with the options beside it. Docker names an anonymous volume by 64 hex
 * digits, one more than a name may have: they become a name of their own, and its trash is kept for an hour only,
 * since `docker run --rm` would otherwise fill the pools with it.
 */
export function requestOf(text: string, options: Readonly<Record<string, string>> = {}): VolumeRequest {
  if (!ANONYMOUS.test(text)) return specFromOptions(text, options);
  return { trash_retention_ms: ANONYMOUS_RETENTION_MS, ...specFromOptions(`anonymous-${text.slice(0, 40)}`, options) };
}

const nameOf = (text: string): string => (ANONYMOUS.test(text) ? requestOf(text).name : isSpec(text) ? parseSpec(text).name : checkName('volume', text));

export function createVolumeCalls({ control, log, scope, node }: VolumeCallsOptions): AnswerCall {
  const ACTOR: CallOptions = { actor: node === undefined ? 'docker' : `docker on ${node}` };
  /** Newest mount or unmount of each mount ID, so that a mount that ends too late knows whether it is still wanted. */
  const latest = new Map<string, symbol>();

  async function create({ name: text, options }: PluginRequest, deadline: number): Promise<Answer> {
    const { scale: _scale, encrypted: _encrypted, ...request } = requestOf(text, options);
    const ensured = control.ensureVolume({ deletion_protection: false, if_trashed: 'new', ...request }, ACTOR);
    const { object, operation, warnings, created } = await inTime(ensured, deadline, 'making', request.name);
    for (const warning of warnings) log.info({ volume: object.name, id: object.id }, warning);
    await untilMade(object, operation, deadline);
    if (created) log.info({ volume: object.name, id: object.id, size_bytes: object.spec.size_bytes }, 'volume made for Docker');
    return {};
  }

  async function untilMade(volume: Volume, accepted: Operation | null, deadline: number): Promise<void> {
    const operation = accepted ?? (volume.status.state === 'creating' ? await runningOperation(volume) : null);
    if (operation === null) return;
    const end = isOver(operation) ? operation : await control.waitOperation(operation.id, remaining(deadline));
    if (end.state === 'succeeded') return;
    if (!isOver(end)) throw stillMade(volume, end);
    if (end.error !== null) throw HoldfastError.fromBody(end.error);
    throw new HoldfastError('failed_precondition', `making volume ${volume.name} was cancelled`, { object: `volume ${volume.name}`, hint: 'Ask for it again.' });
  }

  async function runningOperation(volume: Volume): Promise<Operation | null> {
    const { items } = await control.listOperations({ target: volume.id, running: true });
    return items.find((one) => one.kind === 'volume.create') ?? items[0] ?? null;
  }

  function lookUp(text: string, deadline: number): Promise<Volume> {
    const name = nameOf(text);
    return inTime(control.getVolume(name), deadline, 'looking up', name);
  }

  async function get({ name: text }: PluginRequest, deadline: number): Promise<Answer> {
    const volume = await lookUp(text, deadline);
    // An error makes Docker call Create, which waits for the making, or shows the conflict.
    if (volume.status.state === 'creating') throw stillMade(volume, null);
    if (isSpec(text)) {
      const { conflicts, warnings } = conflictsWithVolume(parseSpec(text), volume);
      if (conflicts.length > 0) throw conflictError(volume, conflicts);
      for (const warning of warnings) log.debug({ volume: volume.name }, warning);
    }
    return { Volume: { ...pluginVolume(volume), Status: statusOf(volume) } };
  }

  async function list(deadline: number): Promise<Answer> {
    const volumes: PluginVolume[] = [];
    let cursor: string | null = null;
    do {
      if (performance.now() > deadline) throw new HoldfastError('unavailable', `listing volumes takes long: ${volumes.length} so far`, { object: 'volume driver', hint: 'Try again.' });
      const page: Awaited<ReturnType<Control['listVolumes']>> = await control.listVolumes(cursor === null ? {} : { cursor });
      for (const volume of page.items) if (volume.status.state !== 'trashed') volumes.push(pluginVolume(volume));
      cursor = page.next;
    } while (cursor !== null);
    return { Volumes: volumes };
  }

  async function mount({ name: text, id }: PluginRequest, deadline: number): Promise<Answer> {
    const name = nameOf(text);
    const consumer = consumerOf(id);
    const turn = takeTurn(consumer);
    const work = control.publishVolume(name, { consumer }, ACTOR);
    try {
      const { mount_path } = await inTime(work, deadline, 'mounting', name);
      endTurn(consumer, turn);
      return { Mountpoint: mount_path };
    } catch (thrown) {
      // Docker forgets a mount that failed, so one that comes about after all is taken back.
      void work.then(() => (latest.get(consumer) === turn ? control.unpublishVolume(name, { consumer }, ACTOR) : undefined))
        .catch((late: unknown) => { log.debug({ volume: name, reason: asHoldfastError(late).message }, 'mount did not come about'); })
        .finally(() => { endTurn(consumer, turn); });
      throw thrown;
    }
  }

  async function unmount({ name: text, id }: PluginRequest, deadline: number): Promise<Answer> {
    const name = nameOf(text);
    const consumer = consumerOf(id);
    const turn = takeTurn(consumer);
    const work = control.unpublishVolume(name, { consumer }, ACTOR).catch((thrown: unknown) => {
      if (asHoldfastError(thrown).code !== 'not_found') throw thrown;
      log.info({ volume: name }, 'asked to unmount a volume that is gone');
    }).finally(() => { endTurn(consumer, turn); });
    await inTime(work, deadline, 'unmounting', name);
    return {};
  }

  async function remove({ name: text }: PluginRequest, deadline: number): Promise<Answer> {
    const name = nameOf(text);
    try {
      const { object, operation, warnings } = await inTime(control.removeVolume(name, {}, ACTOR), deadline, 'removing', name);
      for (const warning of warnings) log.info({ volume: name, id: object.id }, warning);
      if (operation === null) return {};
      const end = isOver(operation) ? operation : await control.waitOperation(operation.id, remaining(deadline));
      if (end.state === 'failed' && end.error !== null) throw HoldfastError.fromBody(end.error);
    } catch (thrown) {
      // Docker asks again after a lost answer; what it wants is so.
      if (asHoldfastError(thrown).code !== 'not_found') throw thrown;
      log.info({ volume: name }, 'asked to remove a volume that is gone');
    }
    return {};
  }

  function takeTurn(consumer: string): symbol {
    const turn = Symbol(consumer);
    latest.set(consumer, turn);
    return turn;
  }
  function endTurn(consumer: string, turn: symbol): void {
    if (latest.get(consumer) === turn) latest.delete(consumer);
  }

  return async (call, request, deadline) => {
    switch (call) {
      case '/Plugin.Activate': return { Implements: ['VolumeDriver'] };
      case '/VolumeDriver.Capabilities': return { Capabilities: { Scope: scope } };
      case '/VolumeDriver.Create': return create(request, deadline);
      case '/VolumeDriver.Get': return get(request, deadline);
      case '/VolumeDriver.List': return list(deadline);
      case '/VolumeDriver.Path': return { Mountpoint: (await lookUp(request.name, deadline)).status.mount_path ?? '' };
      case '/VolumeDriver.Mount': return mount(request, deadline);
      case '/VolumeDriver.Unmount': return unmount(request, deadline);
      case '/VolumeDriver.Remove': return remove(request, deadline);
    }
  };
}

const remaining = (deadline: number): number => Math.max(1, Math.floor(deadline - performance.now()));

/** The work goes on when the time is over. */
async function inTime<T>(work: Promise<T>, deadline: number, doing: string, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new HoldfastError('unavailable', `${doing} volume ${name} takes long`, { object: `volume ${name}`, hint: `It goes on; try again. See: holdfast volume inspect ${name}` }));
    }, remaining(deadline));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

function stillMade(volume: Volume, operation: Operation | null): HoldfastError {
  const progress = operation === null || operation.total === 0 ? '' : ` (${operation.step}, ${Math.floor((100 * operation.done) / operation.total)} %)`;
  const watch = operation === null ? `holdfast volume inspect ${volume.name}` : `holdfast operation watch ${operation.id}`;
  return new HoldfastError('unavailable', `volume ${volume.name} is still being made${progress}`, { object: `volume ${volume.name}`, hint: `It goes on; try again. See: ${watch}` });
}

const pluginVolume = (volume: Volume): PluginVolume => ({ Name: volume.name, Mountpoint: volume.status.mount_path ?? '', CreatedAt: volume.created_at });

function statusOf({ id, labels, spec, status }: Volume): Readonly<Record<string, unknown>> {
  return {
    id,
    state: status.state,
    size: formatSize(spec.size_bytes),
    size_bytes: spec.size_bytes,
    used_bytes: status.used_bytes,
    filesystem: spec.filesystem,
    replicas: spec.replicas,
    access: spec.access,
    class: spec.class,
    labels,
    deletion_protection: spec.deletion_protection,
    device: status.device,
    consumers: status.publications.map(({ consumer }) => consumer),
    conditions: status.conditions.map(({ type, message, hint }) => ({ type, message, hint })),
  };
}
