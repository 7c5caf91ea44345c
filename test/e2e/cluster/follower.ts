/** Follows a daemon's stream of events for as long as it lasts, and remembers what it told. */
import type { HoldfastClient } from '../../../src/client/client.ts';

export interface Followed {
  /** Ids of the objects that events were about. */
  objects(): readonly string[];
  /** Why the stream ended; null while it goes on. */
  ended(): string | null;
  stop(): void;
}

/** Returns at once when the stream is asked for. */
export async function followEvents(client: HoldfastClient): Promise<Followed> {
  const stopping = new AbortController();
  const objects: string[] = [];
  let ended: string | null = null;
  void (async () => {
    try {
      for await (const event of client.events.watch({}, { signal: stopping.signal })) objects.push(event.object.id);
      ended = 'it was stopped';
    } catch (error) {
      ended = error instanceof Error ? error.message : String(error);
    }
  })();
  // What happens from now on: the daemon has the request before it is asked for anything else.
  await client.version();
  return { objects: () => objects, ended: () => ended, stop: () => stopping.abort() };
}
