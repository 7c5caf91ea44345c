/** What a deletion left, in the words of the API. */
import type { Removed } from '../client/client.ts';

export interface Removal {
  readonly id: string;
  readonly name: string;
  /** Until when it can be had back; null when it is gone. */
  readonly purge_at: string | null;
  readonly warnings: readonly string[];
}

export const removalOf = ({ id, name, purgeAt, warnings }: Removed): Removal => ({ id, name, purge_at: purgeAt, warnings });
