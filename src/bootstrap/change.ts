/** Change: one thing that converge does, for the plan, for people, and for the performer. Holds no secret. Pure. */
import type { NodeRole } from '../model/node.ts';
import type { Labels } from '../model/record.ts';
import type { ServiceName } from './facts.ts';
import type { WantedPool } from './wanted.ts';

export type What = 'package' | 'pki' | 'config' | 'etcd' | 'service' | 'join' | 'node' | 'pool';

/** What the performer does. */
export type Step =
  | { readonly do: 'install' }
  | { readonly do: 'install-etcd' }
  /** Ids of an embedded store that is taken over; null: new ones. */
  | { readonly do: 'init'; readonly cluster_id: string | null; readonly node_id: string | null }
  | { readonly do: 'join' }
  | { readonly do: 'write-etcd-config' }
  | { readonly do: 'write-config' }
  | { readonly do: 'start' | 'restart'; readonly service: ServiceName }
  | { readonly do: 'update-node'; readonly change: { readonly labels?: Labels; readonly zone?: string; readonly roles?: readonly NodeRole[]; readonly address?: string } }
  | { readonly do: 'create-pool'; readonly pool: WantedPool }
  | { readonly do: 'grow-pool'; readonly pool: string; readonly devices: readonly string[] }
  | { readonly do: 'update-pool'; readonly pool: string; readonly change: { readonly class?: string; readonly overcommit?: number; readonly labels?: Labels } }
  | { readonly do: 'await-voter' }
  | { readonly do: 'sign-admin' };

export interface Change {
  readonly what: What;
  readonly name: string;
  readonly action: string;
  /** As it is; null: it is not there, or that is not known. */
  readonly before: unknown;
  readonly after: unknown;
  readonly step: Step;
}

/** As it is printed with `-o json`. */
export const plainChange = ({ what, name, action, before, after }: Change): Omit<Change, 'step'> => ({ what, name, action, before, after });

/** Whether two changes are the same one. */
export const keyOf = ({ what, name, action }: Change): string => `${what} ${name} ${action}`;

/** After these more is known about the machine, and the rest is planned anew. */
export const opensEyes = ({ step }: Change): boolean => ['install', 'init', 'join', 'start', 'restart'].includes(step.do);
