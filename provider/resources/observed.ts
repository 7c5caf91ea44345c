/**
 * What a machine looks like now, beside what the state says: differences that `holdfast node converge` would mend, and
 * whether it is still the same machine. What cannot be seen is told, and never taken for gone.
 */
import { MachineError } from '../bootstrap/machine-error.ts';
import { describeChange, realChanges, type Converged } from '../bootstrap/node-json.ts';
import type { Looked } from '../bootstrap/holdfast-machine.ts';
import type { PrivateState } from '../framework/index.ts';

/**
 * Beside the state: which machine it is, and the version that the last apply left there. `unseen`: why the last read did
 * not see the machine (the plan refuses to go on, unless the way to it is changed). `rebuilt`: another machine answers.
 */
export interface Remembered { machine_id?: string; version?: string; unseen?: { summary: string; detail: string }; rebuilt?: string }
export const remembered = (priv: PrivateState): Remembered => priv;

/** A read that did not see the machine: told now, and an error of the plan unless the configuration changes the way to it. */
export function keepUnseen(error: unknown, priv: PrivateState, warn: (summary: string, detail: string) => void): void {
  if (!(error instanceof MachineError) || !['unreachable', 'untrusted', 'denied'].includes(error.kind)) throw error;
  remembered(priv).unseen = { summary: error.summary, detail: error.detail };
  warn('Machine was not seen', `${error.detail} It is shown as it was last seen.`);
}

/** Clears what earlier reads left, and tells whether it is another machine now. */
export function recognise({ machineId, converged }: Looked, priv: PrivateState): 'same' | 'rebuilt' {
  const memory = remembered(priv);
  Reflect.deleteProperty(priv, 'unseen');
  Reflect.deleteProperty(priv, 'rebuilt');
  if (memory.machine_id !== undefined && memory.machine_id !== '' && machineId !== memory.machine_id) {
    memory.rebuilt = `it is another machine: its machine id was ${memory.machine_id}, and is ${machineId || '(none)'} now`;
    return 'rebuilt';
  }
  if (memory.machine_id !== undefined && converged !== null && (converged.node === null || converged.ca_sha256 === null)) {
    memory.rebuilt = 'it has no identity of the cluster any more';
    return 'rebuilt';
  }
  return 'same';
}

/** What differs on the machine, a line each. */
export function driftOf({ converged }: Looked, priv: PrivateState): string[] {
  if (converged === null) return ['package: Holdfast is not installed'];
  const { version } = remembered(priv);
  const other = version !== undefined && converged.node !== null && converged.node.version !== version ? [`package: version ${converged.node.version}, was ${version}`] : [];
  return [...other, ...realChanges(converged).map(describeChange)];
}

/** After an apply: what later reads compare with. */
export function remember(converged: Converged, priv: PrivateState): void {
  for (const name of Object.keys(priv)) Reflect.deleteProperty(priv, name);
  if (converged.node !== null) Object.assign(priv, { machine_id: converged.node.machine_id, version: converged.node.version });
}
