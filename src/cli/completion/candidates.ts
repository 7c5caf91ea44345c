/** What could stand where the cursor is. Pure but for the names of what there is, which are asked for only where one fits. */
import { CATALOGUE, GROUPS, SUBGROUPS } from '../catalogue.ts';
import type { Command } from '../command.ts';
import type { Completion, Option } from '../option.ts';
import { FORMATS } from '../output.ts';
import type { Candidate, LiveKind } from './live-names.ts';

export interface Candidates {
  readonly words: readonly Candidate[];
  /** The shell shall complete paths. */
  readonly paths: 'files' | 'directories' | null;
}

interface Flag {
  readonly names: readonly string[];
  readonly what: string;
  readonly takesValue: boolean;
  readonly complete?: Completion | undefined;
  readonly repeats: boolean;
}

const GLOBAL: readonly Flag[] = [
  { names: ['-o', '--output'], what: 'how to print', takesValue: true, complete: FORMATS, repeats: false },
  { names: ['--endpoint'], what: 'where the daemon is', takesValue: true, repeats: false },
  { names: ['--ca'], what: 'root certificate of the cluster', takesValue: true, complete: 'file', repeats: false },
  { names: ['--cert'], what: 'your certificate', takesValue: true, complete: 'file', repeats: false },
  { names: ['--key'], what: 'your private key', takesValue: true, complete: 'file', repeats: false },
  { names: ['-h', '--help'], what: 'show help', takesValue: false, repeats: false },
];
const NOTHING: Candidates = { words: [], paths: null };

/** @param words after `holdfast`; the last is unfinished, often "". @param live reads names; may throw. */
export async function candidates(words: readonly string[], live: (kind: LiveKind) => Promise<readonly Candidate[]>): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const named = await readCommand(before);
  const own = named.command === null ? [] : Object.values(named.command.options).flatMap(flagsOf);
  const flags = [...own, ...GLOBAL.filter(({ names }) => !own.some((flag) => flag.names.some((name) => names.includes(name))))];
  const { operands, pending, used } = scan(before, flags);
  const from = (complete: Completion | undefined, prefix: string, lead = ''): Promise<Candidates> => complete === undefined ? Promise.resolve(NOTHING) : expand(complete, prefix, live, lead);

  if (pending !== null) return from(pending.complete, current);
  const glued = /^(--[a-z-]+)=(.*)$/s.exec(current);
  if (glued !== null) return from(flags.find(({ names, takesValue }) => takesValue && names.includes(glued[1] ?? ''))?.complete, glued[2] ?? '', `${glued[1]}=`);
  if (current.startsWith('-')) {
    const free = flags.filter((flag) => flag.repeats || !flag.names.some((name) => used.has(name)));
    return { words: matching(free.flatMap(({ names, what }) => names.map((word) => ({ word, what }))), current), paths: null };
  }
  if (named.command === null) return { words: matching(commandsBelow(operands), current), paths: null };
  const argument = Object.values(named.command.arguments)[operands.length - named.length];
  return from(argument?.complete, current);
}

/** The command that the words name, once they do. */
async function readCommand(words: readonly string[]): Promise<{ readonly command: Command | null; readonly length: number }> {
  const { operands } = scan(words, GLOBAL);
  for (const length of [3, 2, 1]) {
    const entry = operands.length < length ? undefined : CATALOGUE.find(({ name, hidden }) => hidden !== true && name === operands.slice(0, length).join(' '));
    if (entry !== undefined) return { command: (await entry.load()).default, length };
  }
  return { command: null, length: 0 };
}

function commandsBelow(operands: readonly string[]): Candidate[] {
  const [noun] = operands;
  if (noun === undefined) {
    const alone = CATALOGUE.filter(({ name, hidden }) => hidden !== true && !name.includes(' ')).map(({ name, summary }) => ({ word: name, what: summary }));
    return [...alone, ...Object.entries(GROUPS).map(([word, what]) => ({ word, what }))];
  }
  const path = operands.join(' ');
  if (operands.length > 1 && !Object.hasOwn(SUBGROUPS, path)) return [];
  const below = CATALOGUE.filter(({ name, hidden }) => hidden !== true && name.startsWith(`${path} `)).map(({ name, summary }) => ({ rest: name.slice(path.length + 1), what: summary }));
  const groups = Object.entries(SUBGROUPS).filter(([name]) => name.startsWith(`${path} `)).map(([name, what]) => ({ word: name.slice(path.length + 1), what }));
  return [...below.filter(({ rest }) => !rest.includes(' ')).map(({ rest, what }) => ({ word: rest, what })), ...groups];
}

/** Splits into operands and flags. @returns pending: the flag whose value is due. */
function scan(words: readonly string[], flags: readonly Flag[]): { readonly operands: string[]; readonly pending: Flag | null; readonly used: ReadonlySet<string> } {
  const operands: string[] = [];
  const used = new Set<string>();
  let pending: Flag | null = null;
  for (const word of words) {
    if (pending !== null) pending = null;
    else if (word.startsWith('-') && word !== '-') {
      const name = word.replace(/=.*$/s, '');
      const flag = flags.find(({ names }) => names.includes(name));
      for (const one of flag?.names ?? [name]) used.add(one);
      if (flag?.takesValue === true && name === word) pending = flag;
    } else operands.push(word);
  }
  return { operands, pending, used };
}

function flagsOf(option: Option<unknown>): Flag[] {
  return option.flags.map((flags, index) => ({
    names: flags.replace(/ <.*/, '').split(', '), what: firstSentence(option.description[index] ?? ''),
    takesValue: option.read !== undefined, complete: option.complete, repeats: (option.description[index] ?? '').includes('more than once'),
  }));
}

const firstSentence = (text: string): string => /^.*?[.:;](?=\s|$)/.exec(text)?.[0].slice(0, -1) ?? text;

async function expand(complete: Completion, prefix: string, live: (kind: LiveKind) => Promise<readonly Candidate[]>, lead: string): Promise<Candidates> {
  if (complete === 'file' || complete === 'directory') return { words: [], paths: complete === 'file' ? 'files' : 'directories' };
  const known = typeof complete === 'string' ? await live(complete) : complete.map((word) => ({ word, what: '' }));
  return { words: matching(known, prefix).map(({ word, what }) => ({ word: lead + word, what })), paths: null };
}

const matching = (all: readonly Candidate[], prefix: string): Candidate[] => all.filter(({ word }) => word.startsWith(prefix));
