/** Time, randomness and a place to tell things: injected, so that decisions can be repeated exactly. */
export interface Clock {
  /** Wall clock, ms since the epoch: for records and people. */
  now(): number;
  /** Monotonic ms: for time-outs. */
  monotonic(): number;
  /** Resolves after ms, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type RandomBytes = (length: number) => Uint8Array;

/** Structured log. Never a secret. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
