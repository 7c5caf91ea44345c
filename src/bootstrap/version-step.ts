/** From which package version to which a node may go: one minor version at a time, back only when that is asked for. Pure. */
import { HoldfastError } from '../model/errors.ts';

type Parts = readonly [major: number, minor: number, patch: number];

function partsOf(version: string): Parts | null {
  const match = /^(?:\d+:)?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/**
 * @returns `upgrade` or `downgrade`; `upgrade` too for versions that differ in their ending only.
 * @throws failed_precondition for a step that is too long, or back without being asked for.
 */
export function versionStep(from: string, to: string, mayGoBack: boolean): 'upgrade' | 'downgrade' {
  const [a, b] = [partsOf(from), partsOf(to)];
  if (a === null || b === null) return 'upgrade';
  const order = b[0] - a[0] || b[1] - a[1] || b[2] - a[2];
  const refuse = (message: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', `package: ${message}`, { object: 'package holdfast', field: 'package', hint });
  if (order < 0 && !mayGoBack) throw refuse(`${from} is installed, which is newer than ${to}`, 'Install the newer one, or say "downgrade": true beside it when you want to go back one minor version at most.');
  if (a[0] !== b[0] || Math.abs(a[1] - b[1]) > 1) throw refuse(`from ${from} to ${to} is more than one minor version`, 'Go one minor version at a time: nodes of a cluster may differ by one.');
  return order < 0 ? 'downgrade' : 'upgrade';
}

/** Whether the installed Debian version is the one that was asked for: `0.1.0` is also `0.1.0-1`. */
export const sameVersion = (installed: string | null, wanted: string): boolean => installed === wanted || installed?.startsWith(`${wanted}-`) === true;
