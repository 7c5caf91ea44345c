/** Which versions of the daemon may work side by side, pure: the same one, and one minor version more or less. */
import { HoldfastError } from '../../model/errors.ts';

export interface Versioned {
  readonly name: string;
  readonly daemon_version: string;
}

const parts = (version: string): { readonly major: number; readonly minor: number } | null => {
  const match = /^(\d+)\.(\d+)\./.exec(version);
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]) };
};

/** Whether daemons of the two versions may be in one cluster. A version that cannot be read only goes with itself. */
export function goTogether(one: string, other: string): boolean {
  const [a, b] = [parts(one), parts(other)];
  if (a === null || b === null) return one === other;
  return a.major === b.major && Math.abs(a.minor - b.minor) <= 1;
}

/** @param others the daemons that live. @throws failed_precondition naming the first one that is too far away. */
export function checkSkew(mine: string, others: readonly Versioned[]): void {
  const wrong = others.find(({ daemon_version }) => !goTogether(mine, daemon_version));
  if (wrong === undefined) return;
  throw new HoldfastError('failed_precondition', `this daemon has version ${mine}, the one on node ${wrong.name} has ${wrong.daemon_version}: at most one minor version may lie between them`, {
    object: `node ${wrong.name}`, field: 'daemon_version', hint: 'Upgrade one minor version after the other, all nodes each time.',
  });
}
