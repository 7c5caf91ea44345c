/**
 * Changes that go on while something is broken: volumes made and removed one after another through several nodes, each
 * outcome noted. Afterwards it can be told whether what was promised is there, once, and nothing else is.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HoldfastClient } from '../../../src/client/client.ts';
import { HoldfastError } from '../../../src/model/errors.ts';

const MIB = 2 ** 20;
/** So many stand at once at most. */
const MANY = 6;
/** One that may be removed for good at once. */
export const smallVolume = (name: string) => ({ name, size_bytes: 32 * MIB, filesystem: 'ext4', trash_retention_ms: 0 }) as const;

export interface Outcomes {
  /** Made, and said to be: must be there. */
  readonly made: readonly string[];
  /** Removed, and said to be: must not be there. */
  readonly removed: readonly string[];
  /** The outcome of the call is not known: there once, or not at all. */
  readonly unknown: readonly string[];
  /** What was refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface Traffic {
  stop(): Promise<Outcomes>;
}

/** @param clients asked in turn. @param prefix of the names: each start of a traffic has one of its own. */
export function startTraffic(clients: readonly HoldfastClient[], prefix: string): Traffic {
  const made = new Set<string>();
  const [removed, unknown] = [new Set<string>(), new Set<string>()];
  const refused: Record<string, number> = {};
  let stopped = false;
  const note = (name: string, error: unknown): void => {
    if (!(error instanceof HoldfastError)) throw error;
    refused[error.code] = (refused[error.code] ?? 0) + 1;
    unknown.add(name);
  };
  const work = (async () => {
    for (let i = 0; !stopped; i += 1) {
      const client = clients[i % clients.length];
      if (client === undefined) return;
      const name = `${prefix}-${i}`;
      try {
        await client.volumes.create(smallVolume(name), { timeoutMs: 20_000 });
        made.add(name);
      } catch (error) {
        note(name, error);
      }
      const old = made.size >= MANY ? [...made][0] : undefined;
      if (old !== undefined) {
        made.delete(old);
        try {
          await client.volumes.remove(old, { timeoutMs: 20_000 });
          removed.add(old);
        } catch (error) {
          note(old, error);
        }
      }
      await pause(50);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await work;
      return { made: [...made], removed: [...removed], unknown: [...unknown], refused };
    },
  };
}
