/** A start that the control store does not let through is tried again; what is wrong for good is told. */
import { expect, test } from '@jest/globals';
import { startPatiently } from '../../../src/daemon/patience.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { manualClock } from '../../contract/manual-clock.ts';

const away = new HoldfastError('unavailable', 'Nobody knows whether the transaction was carried out');

test('a store that is away in the middle of a start is waited for, and told of', async () => {
  const clock = manualClock();
  const told: string[] = [];
  let tries = 0;
  const started = startPatiently(async () => {
    tries += 1;
    if (tries < 3) throw away;
    return 'started';
  }, { clock, signal: new AbortController().signal, onWaiting: (why) => told.push(why) });
  for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
  expect(await started).toBe('started');
  expect(told).toEqual([away.message, away.message]);
});

test('what waiting does not mend ends the start', async () => {
  const wrong = new HoldfastError('failed_precondition', 'it was removed');
  await expect(startPatiently(() => Promise.reject(wrong), { clock: manualClock(), signal: new AbortController().signal, onWaiting: () => undefined })).rejects.toBe(wrong);
});

test('it is given up when the daemon is told to end', async () => {
  const [clock, ending] = [manualClock(), new AbortController()];
  const started = startPatiently(() => Promise.reject(away), { clock, signal: ending.signal, onWaiting: () => undefined });
  const ended = expect(started).rejects.toMatchObject({ message: 'stopped' });
  for (let second = 0; second < 3; second += 1) await clock.advance(1_000);
  ending.abort(new Error('stopped'));
  await ended;
});
