// The part of control that the Docker driver calls, in memory: volumes are records, a mount is an entry in a list. It
// keeps control's contract (ensure, conflicts, publications) and lets a test delay or break a step.
import type { CreateVolume } from '../../../../src/control/control.ts';
import type { DockerControl } from '../../../../src/api/docker/driver.ts';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { newId } from '../../../../src/model/id.ts';
import type { Operation } from '../../../../src/model/operation.ts';
import { conflictError, conflictsWithVolume } from '../../../../src/model/spec-match.ts';
import { defaultFilesystem, type Volume } from '../../../../src/model/volume.ts';

const AT = '2026-01-01T00:00:00.000Z';

export interface MemoryControl extends DockerControl {
  readonly volumes: Map<string, Volume>;
  /** Awaited in the middle of the step of that name; a rejection fails it. */
  readonly hooks: Partial<Record<'create' | 'publish' | 'unpublish' | 'list', (name: string) => Promise<void>>>;
}

export function createMemoryControl(): MemoryControl {
  const volumes = new Map<string, Volume>();
  const operations = new Map<string, { operation: Operation; over: Promise<void> }>();
  const hooks: MemoryControl['hooks'] = {};
  const find = (name: string): Volume => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new HoldfastError('not_found', `volume ${name} does not exist`, { object: `volume ${name}`, hint: 'See: holdfast volume list' });
    return volume;
  };
  const put = (volume: Volume, status: Partial<Volume['status']> = {}): Volume => {
    const changed = { ...volume, status: { ...volume.status, ...status } };
    volumes.set(volume.name, changed);
    return changed;
  };

  function make(request: CreateVolume): { volume: Volume; operation: Operation } {
    const size = request.size_bytes ?? 2 ** 30;
    const id = newId('volume', 0, (length) => crypto.getRandomValues(new Uint8Array(length)));
    const volume: Volume = put({
      id, name: request.name, version: 1, owner: '', labels: request.labels ?? {}, created_at: AT,
      spec: { size_bytes: size, filesystem: request.filesystem ?? defaultFilesystem(size), access: 'single', replicas: request.replicas ?? 1, class: request.class ?? 'any', pool: null, deletion_protection: request.deletion_protection ?? false, trash_retention_ms: request.trash_retention_ms ?? 604_800_000, source_snapshot: null, min_in_sync: 1, movable: false },
      status: { state: 'creating', conditions: [], observed_at: null, used_bytes: null, written_at: null, device: null, mount_path: null, publications: [], trashed: null },
      replication: { history: 1, generation: 0, set_version: 1, size, writer: null, clean: true, attaching: null, replicas: [], snapshots: [] },
    });
    const operation: Operation = { id: id.replace('vol_', 'op_'), kind: 'volume.create', target: { kind: 'volume', id, name: request.name }, node: 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA', state: 'running', step: 'mkfs', args: {}, done: 1, total: 4, unit: 'steps', cancellable: true, cancel_requested: false, error: null, created_at: AT, updated_at: AT, finished_at: null };
    const entry = { operation, over: Promise.resolve() };
    operations.set(operation.id, entry);
    entry.over = Promise.resolve(hooks.create?.(request.name)).then(() => {
      put(find(request.name), { state: 'ready' });
      entry.operation = { ...operation, state: 'succeeded', done: 4 };
    }, (thrown: unknown) => {
      volumes.delete(request.name);
      entry.operation = { ...operation, state: 'failed', error: (thrown as HoldfastError).toBody() };
    });
    return { volume, operation };
  }

  return {
    volumes,
    hooks,
    async ensureVolume(request) {
      const existing = volumes.get(request.name);
      if (existing === undefined) {
        const { volume, operation } = make(request);
        return { object: volume, operation, warnings: [], created: true };
      }
      const { conflicts, warnings } = conflictsWithVolume(request, existing);
      if (conflicts.length > 0) throw conflictError(existing, conflicts);
      return { object: existing, operation: null, warnings, created: false };
    },
    async getVolume(ref) { return find(ref); },
    async listVolumes({ limit = 500, cursor } = {}) {
      await hooks.list?.('');
      const names = [...volumes.keys()].sort().filter((name) => name > (cursor ?? ''));
      const page = names.slice(0, limit);
      return { items: page.map(find), next: names.length > limit ? (page.at(-1) ?? null) : null };
    },
    async publishVolume(ref, { consumer }) {
      const volume = find(ref);
      await hooks.publish?.(ref);
      const mount_path = `/mounts/${volume.id}`;
      const others = find(ref).status.publications.filter((one) => one.consumer !== consumer);
      return { volume: put(volume, { mount_path, publications: [...others, { consumer, path: null, read_only: false, since: AT, boot_id: 'boot' }] }), mount_path };
    },
    async unpublishVolume(ref, { consumer }) {
      find(ref);
      await hooks.unpublish?.(ref);
      const publications = find(ref).status.publications.filter((one) => one.consumer !== consumer);
      return put(find(ref), { publications, mount_path: publications.length === 0 ? null : find(ref).status.mount_path });
    },
    async removeVolume(ref) {
      const volume = find(ref);
      if (volume.spec.deletion_protection) throw new HoldfastError('failed_precondition', `volume ${ref} is protected`, { hint: `holdfast volume update ${ref} --deletion-protection=false` });
      if (volume.status.publications.length > 0) throw new HoldfastError('failed_precondition', `volume ${ref} is in use`, {});
      volumes.delete(ref);
      return { object: volume, operation: null, warnings: [] };
    },
    async waitOperation(id, timeoutMs) {
      const entry = operations.get(id);
      if (entry === undefined) throw new HoldfastError('not_found', `operation ${id} does not exist`);
      await Promise.race([entry.over, new Promise((resolve) => { setTimeout(resolve, timeoutMs).unref(); })]);
      return entry.operation;
    },
    async listOperations({ target } = {}) {
      return { items: [...operations.values()].map(({ operation }) => operation).filter((one) => one.target.id === target && one.state === 'running'), next: null };
    },
  };
}
