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
  /** Why it is not simply taken, as half a sentence. */
  readonly because: string;
}

/** The detail of the error: every way out, ready to paste. */
export function existsAlready({ noun, name, id, held, because }: Existing): string {
  const type = `holdfast_${noun}`;
  const replaced = [
    `- Marked for replacement by "terraform taint": terraform untaint ${type}.NAME`,
    '- Replaced by -replace or replace_triggered_by: leave that out; a replacement would destroy what the old one holds.',
    '- Its address changed (another resource name, module, count or for_each key): tell Terraform with',
    `    moved {\n      from = ${type}.OLD\n      to   = ${type}.NEW\n    }`,
    '- It should stay, unmanaged, beside a new one of another name: give it up with',
    `    removed {\n      from = ${type}.OLD\n      lifecycle { destroy = false }\n    }`,
  ];
  const imported = [`- Manage the one that exists:`, `    import {\n      to = ${type}.NAME\n      id = "${id}"\n    }`];
  const ways = held ? replaced : [...imported, ...replaced.slice(0, 4)];
  return [
    `The ${noun} "${name}" exists (${id}), and ${because}. Nothing was created, changed or deleted.`,
    held ? 'This state holds it. Which case is it?' : 'Which case is it?',
    ...ways,
  ].join('\n');
}

/** Two addresses want the same name: one object can be in the state only once. */
export const declaredTwice = (noun: Noun, name: string): string =>
  `Two resources of this configuration declare the ${noun} "${name}". Each object may be declared once: give one of them another name, or remove it and refer to the other.`;
