/** What goes to a machine and comes back: node.json and the answer of `holdfast node converge -o json`. Forms only. */
import type { Node } from '../../src/model/node.ts';
import { MachineError } from './machine-error.ts';

/** What a machine shall be; `holdfast node converge` reads it. */
export interface NodeJson {
  readonly name: string;
  /** `host` or `host:port`. */
  readonly advertise: string;
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly roles: readonly string[];
  readonly package?: { readonly file: string; readonly sha256: string } | { readonly apt: string };
  readonly cluster:
    | { readonly init: { readonly name: string; readonly from_embedded?: boolean; readonly admin?: { readonly name: string; readonly csr: string } } }
    | { readonly join: { readonly endpoints: readonly string[] } };
  readonly store?: { readonly kind: string; readonly endpoints?: readonly string[]; readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export interface Change {
  /** `package`, `pki`, `config`, `etcd`, `service`, `join`, `node`, `pool`. */
  readonly what: string;
  readonly name: string;
  readonly action: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Converged {
  readonly changes: readonly Change[];
  readonly changed: number;
  readonly node: {
    readonly id: string; readonly name: string; readonly cluster_id: string; readonly machine_id: string; readonly version: string;
    readonly running: boolean; readonly roles: readonly string[]; readonly zone: string; readonly labels: Readonly<Record<string, string>>;
  } | null;
  readonly admin_certificate: string | null;
  readonly ca_certificate: string | null;
  readonly ca_sha256: string | null;
  readonly endpoints: readonly string[];
}

/** @throws MachineError when it is not what converge answers: an older or newer Holdfast. */
export function parseConverged(text: string, machine: string): Converged {
  const answer = parseJson(text, machine) as Partial<Converged> | null;
  if (typeof answer !== 'object' || answer === null || !Array.isArray(answer.changes) || typeof answer.changed !== 'number') {
    throw new MachineError('failed', `${machine}: "holdfast node converge" answered in a form that this provider does not know. Is the version of Holdfast there of another time than this provider?`);
  }
  return { node: null, admin_certificate: null, ca_certificate: null, ca_sha256: null, endpoints: [], ...answer } as Converged;
}

/** @throws MachineError naming the machine. */
export function parseJson(text: string, machine: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MachineError('failed', `${machine}: holdfast did not answer with JSON: ${text.slice(0, 200)}`, { cause: error });
  }
}

/** A change as a line for people: `service holdfastd: start`. */
export const describeChange = ({ what, name, action }: Change): string => `${what}${name === '' || name === what ? '' : ` ${name}`}: ${action}`;

/** The changes that converge makes or made, without those that say that nothing is to be done. */
export const realChanges = ({ changes }: Converged): readonly Change[] => changes.filter(({ action }) => action !== 'none');

export type { Node };
