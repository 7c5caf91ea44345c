/** The real clock, randomness and log behind control's ports. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pino, type DestinationStream } from 'pino';
import type { Clock, Log, RandomBytes } from '../control/ports/system.ts';
import { withoutTokensAndKeys } from '../model/secrets.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      // Node rejects with an AbortError of its own; who waits is told why.
      throw signal?.aborted === true ? signal.reason : error;
    });
  },
};

export const systemRandom: RandomBytes = (length) => randomBytes(length);

/** JSON lines; anything that looks like a secret is cut out wherever it stands. */
export function createLog(level: string, destination: DestinationStream): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths: ['*.password', '*.secret', '*.token', '*.passphrase', 'password', 'secret', 'token', 'passphrase'], censor: '[secret]' }, hooks: { streamWrite: withoutTokensAndKeys } }, destination);
}
