import { expect, test } from '@jest/globals';
import { systemClock } from '../../../src/daemon/system.ts';

test('sleeping ends with the reason that it was interrupted for', async () => {
  const stopping = new AbortController();
  const reason = new Error('somebody cancelled it');
  const asleep = systemClock.sleep(60_000, stopping.signal);
  stopping.abort(reason);
  await expect(asleep).rejects.toBe(reason);
  await expect(systemClock.sleep(60_000, stopping.signal)).rejects.toBe(reason);
});
