/**
 * Several endpoints of one cluster as one transport: any node answers everything. Stays with the one that answered last;
 * goes on to the next where a request was never taken, or was refused for load or for being on the way out.
 */
import { NoAnswer, type Transport, type WireRequest } from './transport.ts';

/** @param transports one or more. */
export function createFailover(transports: readonly Transport[]): Transport {
  const [only] = transports;
  if (transports.length === 1 && only !== undefined) return only;
  let current = 0;

  async function attempt<T>(wire: WireRequest, act: (transport: Transport) => Promise<T>): Promise<T> {
    let last: unknown;
    for (let tried = 0; tried < transports.length; tried += 1) {
      const at = current;
      const transport = transports[at];
      if (transport === undefined) break;
      try {
        return await act(transport);
      } catch (thrown) {
        last = thrown;
        // Whether a request that was sent may be sent again is for the caller to know; the next one goes elsewhere.
        if (!(thrown instanceof NoAnswer) || thrown.code !== 'unavailable' || wire.signal?.aborted === true) throw thrown;
        if (current === at) current = (at + 1) % transports.length;
        if (thrown.sent) throw thrown;
      }
    }
    throw last;
  }

  return {
    async send(wire) {
      const at = current;
      const answer = await attempt(wire, (transport) => transport.send(wire));
      if (answer.status === 503 && current === at) current = (at + 1) % transports.length;
      return answer;
    },
    open: (wire) => attempt(wire, (transport) => transport.open(wire)),
    close() {
      for (const transport of transports) transport.close();
    },
  };
}
