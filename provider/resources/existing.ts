/**
 * What is said when the name that shall be created is taken. Nothing is adopted in silence; and a replacement (which
 * looks like a create) never gets as far as destroying something.
 */
import type { Noun } from './run.ts';

export interface Existing {
  readonly noun: Noun;
  readonly name: string;
  readonly id: string;
  /** Whether an object of this state was seen under this id in this run. */
  readonly held: boolean;
  /** Why it is not simply taken, as half a sentence; not used for what is held. */
  readonly because: string;
}

/** The detail of the error: every way out, ready to paste. */
export function existsAlready({ noun, name, id, held, because }: Existing): string {
  const type = `holdfast_${noun}`;
  const untaint = `- Marked for replacement by "terraform taint":\n    terraform untaint ${type}.NAME`;
  const replace = `- Replaced by -replace or replace_triggered_by: leave that out.\n  A replacement would destroy what the old one holds.`;
  const moved = `- Its address changed (name of the resource, module, count, for_each key):\n    moved {\n      from = ${type}.OLD\n      to   = ${type}.NEW\n    }`;
  const removed = `- It shall stay, unmanaged, beside a new one of another name:\n    removed {\n      from = ${type}.OLD\n      lifecycle { destroy = false }\n    }`;
  const imported = `- Manage the one that exists:\n    import {\n      to = ${type}.NAME\n      id = "${id}"\n    }`;
  return [
    `The ${noun} "${name}" exists (${id}): ${held ? 'this state holds it already' : because}. Nothing was created, changed or deleted.`,
    'Which case is it?',
    ...(held ? [untaint, replace, moved, removed] : [imported, untaint, replace, moved]),
  ].join('\n');
}

/** Two addresses want the same name: one object can be in the state only once. */
export const declaredTwice = (noun: Noun, name: string): string =>
  `Two resources of this configuration declare the ${noun} "${name}". Each object may be declared once: give one of them another name, or remove it and refer to the other.`;
