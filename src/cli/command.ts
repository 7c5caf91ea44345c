/** What a command is: arguments, options, examples and what it does. One file below `commands/` makes one. */
import type { Context } from './context.ts';
import type { Argument, Option } from './option.ts';

type Arguments = Readonly<Record<string, Argument<unknown>>>;
type Options = Readonly<Record<string, Option<unknown>>>;
/** What `run` is given: every argument and option under the name it was declared with. */
export type Given<A, O> = { readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never } & { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

export interface Command {
  readonly arguments: Arguments;
  readonly options: Options;
  /** Sentences below the summary. */
  readonly details: string;
  /** Command line after `holdfast`, and what it does. At least one. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  run(context: Context, given: Readonly<Record<string, unknown>>): Promise<void>;
}

interface Definition<A extends Arguments, O extends Options> {
  readonly arguments?: A;
  readonly options?: O;
  readonly details?: string;
  readonly examples: readonly (readonly [line: string, what: string])[];
  run(context: Context, given: Given<A, O>): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no arguments, no options
export function command<A extends Arguments = {}, O extends Options = {}>(definition: Definition<A, O>): Command {
  return {
    arguments: definition.arguments ?? {},
    options: definition.options ?? {},
    details: definition.details ?? '',
    examples: definition.examples,
    run: (context, given) => definition.run(context, given as Given<A, O>),
  };
}
