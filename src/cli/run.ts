/** From the words of the command line to an exit code. Nothing that goes wrong leaves it as an exception. */
import { asHoldfastError, exitCodeOf, type HoldfastError } from '../model/errors.ts';
import { createContext } from './context.ts';
import { credentialsOf } from './credentials.ts';
import { Declined, Interrupted, type Host } from './host.ts';
import { createOutput, FORMATS, printError, type Format } from './output.ts';
import { CommanderError, createProgram, usageError } from './program.ts';

const INTERRUPTED = 130;

/** @returns 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 unavailable, 130 interrupted. */
export async function run(host: Host): Promise<number> {
  const words = host.argv[0] === 'help' ? [...host.argv.slice(1), '--help'] : host.argv;
  const program = createProgram(host, async (command, given, { output, endpoint, ca, cert, key }) => {
    const out = createOutput(host, output);
    await command.run(createContext(host, out, endpoint ?? (host.env['HOLDFAST_ENDPOINT'] || undefined), credentialsOf(host, { ca, cert, key })), given);
  });
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync([...words], { from: 'user' });
    return 0;
  } catch (thrown) {
    return failed(host, words, thrown);
  }
}

async function failed(host: Host, words: readonly string[], thrown: unknown): Promise<number> {
  if (thrown instanceof Interrupted || thrown instanceof Declined) {
    if (thrown.message !== '') host.stderr.write(`${thrown.message}\n`);
    return thrown instanceof Interrupted ? INTERRUPTED : 1;
  }
  const error = thrown instanceof CommanderError ? usageError(thrown, words) : asHoldfastError(thrown);
  if (error === null) return 0;
  await printError(host, formatOf(words), error.toBody());
  if (isOurFault(thrown, error)) host.stderr.write(`${(thrown as Error).stack ?? ''}\n`);
  return exitCodeOf(error.code);
}

/** What no one foresaw: its stack helps whoever mends it. */
const isOurFault = (thrown: unknown, error: HoldfastError): boolean => error.code === 'internal' && thrown !== error && thrown instanceof Error;

/** The form that was asked for, also where the words could not be understood. */
function formatOf(words: readonly string[]): Format {
  const text = words.join('\0');
  const asked = /(?:^|\0)(?:-o\0?|--output[\0=])([a-z]+)(?:\0|$)/.exec(text)?.[1];
  return FORMATS.find((format) => format === asked) ?? 'table';
}
