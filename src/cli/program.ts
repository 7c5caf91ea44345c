/**
 * The tree of commands for commander, built from the catalogue: names at once, options of a command when it is asked
 * for. Wrong usage becomes an error like any other, with a pointer to the help. It prints nothing itself but help.
 */
import { Command as Node, CommanderError, Help, Option as Flag } from 'commander';
import { HoldfastError } from '../model/errors.ts';
import { CATALOGUE, GROUPS, SUBGROUPS, type Entry } from './catalogue.ts';
import type { Command } from './command.ts';
import type { Host } from './host.ts';
import { FORMATS, widthOfTerminal, type Format } from './output.ts';
import { createPaint, wantsColours } from './paint.ts';

export interface GlobalOptions {
  readonly output: Format;
  readonly endpoint?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Runs a command that was parsed. */
export type Runner = (command: Command, given: Readonly<Record<string, unknown>>, options: GlobalOptions) => Promise<void>;

const SHELL_WIDTH = 100;

/** The whole program. @param run is called by `parseAsync` with the command that was named. */
export function createProgram(host: Host, run: Runner): Node {
  const program = dressed(new Node('holdfast'), host)
    .description('Volumes that hold fast while containers move.')
    .addOption(new Flag('-o, --output <format>', 'How to print: a table, a table with all columns, JSON or YAML.').choices([...FORMATS]).default('table'))
    .addOption(new Flag('--endpoint <url>', 'Where the daemon is. Default: HOLDFAST_ENDPOINT, else unix:///run/holdfast/holdfast.sock. Of a cluster: https://host:7480, or several with commas between.'))
    .addOption(new Flag('--ca <file>', 'Root certificate of the cluster, for https. Default: HOLDFAST_CA_FILE.'))
    .addOption(new Flag('--cert <file>', 'Your certificate, for https. Default: HOLDFAST_CERT_FILE.'))
    .addOption(new Flag('--key <file>', 'Your private key, for https. Default: HOLDFAST_KEY_FILE, else HOLDFAST_CLIENT_KEY.'))
    .usage('<command> [options]')
    .helpCommand(false)
    .addHelpText('after', `\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 unavailable.\nExample: holdfast volume create db --size 10G\n`);
  const groups = new Map<string, Node>();
  const groupAt = (path: string): Node => {
    const there = groups.get(path);
    if (there !== undefined || path === '') return there ?? program;
    const summary = GROUPS[path] ?? SUBGROUPS[path] ?? '';
    const words = path.split(' ');
    const group = dressed(new Node(words.at(-1)), host).summary(summary).description(`${summary}.`).usage('<command> [options]').helpCommand(false).addHelpText('after', examplesOf(path));
    groups.set(path, group);
    groupAt(words.slice(0, -1).join(' ')).addCommand(group);
    return group;
  };
  const entries = new Map<Node, Entry>();
  for (const entry of CATALOGUE) {
    const words = entry.name.split(' ');
    const leaf = dressed(new Node(words.at(-1)), host).summary(entry.summary).description(`${entry.summary}.`);
    groupAt(words.slice(0, -1).join(' ')).addCommand(leaf, { hidden: entry.hidden === true });
    entries.set(leaf, entry);
  }
  const complete = async (_: unknown, leaf: Node): Promise<void> => {
    const entry = entries.get(leaf);
    if (entry !== undefined) dress(leaf, (await entry.load()).default, () => program.opts(), (command, given) => run(command, given, program.opts<GlobalOptions>()));
  };
  for (const one of [program, ...groups.values()]) one.hook('preSubcommand', complete);
  return program;
}

/** Arguments, options, help and action of a command that has been loaded. */
function dress(leaf: Node, command: Command, globals: () => Readonly<Record<string, unknown>>, act: (command: Command, given: Readonly<Record<string, unknown>>) => Promise<void>): void {
  if (command.details !== '') leaf.description(`${leaf.description()}\n\n${command.details}`);
  for (const { label, description, required } of Object.values(command.arguments)) leaf.argument(required ? `<${label}>` : `[${label}]`, description);
  const keys = new Map<string, string>();
  for (const [key, option] of Object.entries(command.options)) {
    for (const [index, flags] of option.flags.entries()) {
      const one = new Flag(flags, option.description[index]);
      const { read } = option;
      if (read !== undefined) one.argParser((text: string, before: unknown) => read(text, before));
      leaf.addOption(one);
      keys.set(key, one.attributeName());
    }
  }
  leaf.addHelpText('after', `\nExamples:\n${command.examples.map(([line, what]) => `  # ${what}\n  holdfast ${line}`).join('\n')}\n`);
  leaf.action(async (...all: unknown[]) => {
    const given: Record<string, unknown> = {};
    for (const [index, key] of Object.keys(command.arguments).entries()) given[key] = all[index];
    // An option that is the program's, too (--key), was taken there.
    const values = { ...globals(), ...leaf.opts() };
    for (const [key, option] of Object.entries(command.options)) given[key] = values[keys.get(key) ?? key] ?? option.absent;
    await act(command, given);
  });
}

const examplesOf = (noun: string): string => `\nSee holdfast ${noun} <command> --help for options and examples.\n`;

function dressed(node: Node, host: Host): Node {
  return node
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'Show this help.')
        .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => { host.stdout.write(text); },
      writeErr: () => undefined, // the error is thrown, and printed like all others
      getOutHelpWidth: () => Math.min(SHELL_WIDTH, widthOfTerminal(host.stdout)),
      getOutHasColors: () => wantsColours(host.env, host.stdout.isTTY === true),
    })
    .configureHelp({ ...styleOf(host), showGlobalOptions: true, sortSubcommands: false, subcommandTerm: (sub) => (sub.commands.length > 0 ? `${sub.name()} ...` : new Help().subcommandTerm(sub).replace(' [options]', '')) });
}

function styleOf(host: Host): Pick<Help, 'styleTitle' | 'styleCommandText' | 'styleSubcommandTerm' | 'styleOptionTerm' | 'styleArgumentTerm'> {
  const paint = createPaint(wantsColours(host.env, host.stdout.isTTY === true), true);
  return {
    styleTitle: (text) => paint('bold', text),
    styleCommandText: (text) => paint('cyan', text),
    styleSubcommandTerm: (text) => paint('cyan', text),
    styleOptionTerm: (text) => paint('cyan', text),
    styleArgumentTerm: (text) => paint('cyan', text),
  };
}

/** What commander threw: null when it only showed help; otherwise wrong usage, and where the help is. */
export function usageError(thrown: CommanderError, words: readonly string[]): HoldfastError | null {
  if (thrown.exitCode === 0) return null;
  const noun = commandWords(words).join(' ');
  if (thrown.code === 'commander.help' && noun !== '') {
    const depth = noun.split(' ').length;
    const verbs = new Set(CATALOGUE.filter(({ name }) => name.startsWith(`${noun} `)).map(({ name }) => name.split(' ')[depth]));
    return new HoldfastError('invalid_argument', `say what to do with ${noun}: ${[...verbs].join(', ')}`, { hint: `See holdfast ${noun} --help.` });
  }
  const [first = '', suggestion = ''] = thrown.message.replace(/^error: /, '').split('\n');
  const did = suggestion.replace(/^\(|\)$/g, '').replace(/Did you mean (.*)\?/, 'Did you mean "$1"?');
  return new HoldfastError('invalid_argument', first, { hint: `${did === '' ? '' : `${did} `}See ${['holdfast', ...commandWords(words)].join(' ')} --help.` });
}

/** The words that name a command or a group: `volume create` of `-o json volume create db`. */
export function commandWords(words: readonly string[]): string[] {
  const rest = operandsOf(words);
  const known = CATALOGUE.map(({ name }) => name);
  for (const length of [3, 2, 1]) {
    const name = rest.slice(0, length).join(' ');
    if (rest.length >= length && (known.includes(name) || Object.hasOwn(GROUPS, name) || Object.hasOwn(SUBGROUPS, name))) return name.split(' ');
  }
  return [];
}

const TAKES_VALUE = new Set(['-o', '--output', '--endpoint', '--ca', '--cert', '--key']);
/** Words up to the first option that is not one of the program's own. */
function operandsOf(words: readonly string[]): string[] {
  const operands: string[] = [];
  for (let at = 0; at < words.length && operands.length < 3; at += 1) {
    const word = words[at] ?? '';
    if (TAKES_VALUE.has(word)) at += 1;
    else if (/^(-o.|--(output|endpoint|ca|cert|key)=)/.test(word)) continue;
    else if (word.startsWith('-')) break;
    else operands.push(word);
  }
  return operands;
}

export { CommanderError };
