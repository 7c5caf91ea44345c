/** A Control that does nothing but remember how it was called and answer what a test sets. */
import type { Accepted, Control } from '../../../../src/control/control.ts';
import type { Operation } from '../../../../src/model/operation.ts';

export interface RecordedControl {
  readonly control: Control;
  readonly calls: { readonly method: string; readonly args: readonly unknown[] }[];
  /** The answer of a method: a value, or what a function makes of the arguments (it may throw). */
  answer(method: keyof Control, value: unknown): void;
}

export const VOLUME = { id: 'vol_01HF7YAT002M9DBGJP669GEET5', name: 'db', version: 7, owner: '', labels: {}, spec: {}, status: { state: 'ready', trashed: null } };
export const accepted = (operation: Operation | null = null, warnings: readonly string[] = [], object: object = VOLUME): Accepted<unknown> => ({ object, operation, warnings });
export const operation = (more: Partial<Operation> = {}): Operation => ({
  id: 'op_01HF7YAT002M9DBGJP669GEET5', kind: 'volume.create', target: { kind: 'volume', id: VOLUME.id, name: 'db' }, node: 'node_01HF7YAT002M9DBGJP669GEET5', state: 'running', step: 'make', args: {}, done: 1, total: 3, unit: 'steps',
  cancellable: true, cancel_requested: false, error: null, created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z', finished_at: null, ...more,
});

export function recordedControl(): RecordedControl {
  const calls: { method: string; args: readonly unknown[] }[] = [];
  const answers = new Map<string, unknown>();
  const control = new Proxy({}, {
    get: (_, method) => (...args: unknown[]): unknown => {
      calls.push({ method: String(method), args });
      const value = answers.get(String(method));
      const result: unknown = typeof value === 'function' ? (value as (...of: unknown[]) => unknown)(...args) : value;
      return method === 'watchEvents' ? result : Promise.resolve(result);
    },
  }) as Control;
  return { control, calls, answer: (method, value) => void answers.set(method, value) };
}
