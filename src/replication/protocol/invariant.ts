/** Thrown when the protocol would break one of its own promises: stop rather than go on. */
export class InvariantError extends Error {
  constructor(promise: string) {
    super(`broken promise of the replication protocol: ${promise}`);
    this.name = 'InvariantError';
  }
}

export function invariant(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new InvariantError(promise);
}
