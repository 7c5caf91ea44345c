/** Operation: a change that takes time. Runs in named steps, so that a restart resumes at the right one. */
import type { ErrorBody } from './errors.ts';

export type OperationState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';

export interface Operation {
  readonly id: string;
  /** `volume.create`, `pool.grow`, … */
  readonly kind: string;
  readonly target: { readonly kind: 'volume' | 'pool' | 'snapshot' | 'node'; readonly id: string; readonly name: string };
  /** Id of the node that carries it out. */
  readonly node: string;
  readonly state: OperationState;
  /** Name of the step that runs or ran last. */
  readonly step: string;
  /** What the steps need; written once. Holds no secret. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'steps';
  readonly cancellable: boolean;
  readonly cancel_requested: boolean;
  readonly error: ErrorBody | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly finished_at: string | null;
}

export const isOver = (operation: Operation): boolean => operation.state === 'succeeded' || operation.state === 'failed' || operation.state === 'cancelled';
