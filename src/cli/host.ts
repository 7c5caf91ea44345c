/** What the command line needs of its process. `main.ts` alone takes it from the real one; tests make their own. */

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Host {
  /** Words after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Node.js and the file that run; what lies beside the file belongs to it. */
  readonly program: { readonly node: string; readonly script: string };
  /** Runs the program that lies at the same place again, with the same words, and ends as it does: what lies there may be newer by now. */
  again(env: Readonly<Record<string, string>>): never;
  /** Milliseconds since 1970. */
  now(): number;
  /** Ctrl-C while the listener is there calls it instead of ending the process. Returns what takes it away. */
  onInterrupt(listener: () => void): () => void;
}

/** Ctrl-C: the process ends with 130. @param message what the user should know, or "". */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** The user was asked and said no: the process ends with 1. */
export class Declined extends Error {
  constructor() {
    super('nothing was changed');
    this.name = 'Declined';
  }
}
