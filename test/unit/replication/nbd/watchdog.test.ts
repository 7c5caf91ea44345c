import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Watchdog } from '../../../../src/replication/nbd/watchdog.ts';

describe('a watchdog', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('bites what does not move for its time, once', () => {
    let bites = 0;
    const dog = new Watchdog(100, () => 7, () => void (bites += 1));
    dog.watch();
    dog.watch();
    jest.advanceTimersByTime(99);
    expect(bites).toBe(0);
    jest.advanceTimersByTime(1000);
    expect(bites).toBe(1);
  });

  test('lets go on what is slow and moves', () => {
    let progress = 0;
    let bites = 0;
    const dog = new Watchdog(100, () => progress, () => void (bites += 1));
    dog.watch();
    for (let step = 0; step < 20; step += 1) {
      progress += 1;
      jest.advanceTimersByTime(90);
    }
    expect(bites).toBe(0);
    jest.advanceTimersByTime(200);
    expect(bites).toBe(1);
  });

  test('sleeps while there is nothing to wait for, and when it is told to stop', () => {
    let progress: number | null = 1;
    let bites = 0;
    const dog = new Watchdog(100, () => progress, () => void (bites += 1));
    dog.watch();
    progress = null;
    jest.advanceTimersByTime(500);
    dog.watch();
    expect([bites, jest.getTimerCount()]).toEqual([0, 0]);
    progress = 2;
    dog.watch();
    dog.stop();
    jest.advanceTimersByTime(500);
    expect(bites).toBe(0);
  });

  test('never bites when its time is Infinity', () => {
    const dog = new Watchdog(Infinity, () => 1, () => expect('a bite').toBe('none'));
    dog.watch();
    expect(jest.getTimerCount()).toBe(0);
  });
});
