import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HEADROOM, Receiver, SLAB_BYTES, SlabPool, type View } from '../../../../src/replication/nbd/slab.ts';

describe('views', () => {
  test('a view that is released too often, or retained after its end, is an error and no corruption', () => {
    const view = new SlabPool().view(100);
    view.retain();
    view.release();
    view.release();
    expect(() => view.release()).toThrow('released more often');
    expect(() => view.retain()).toThrow('after its last release');
  });

  test('views cut one after another lie one after another, each with room for a header', () => {
    const pool = new SlabPool();
    const [first, second] = [pool.view(4096), pool.view(4096)];
    expect(second.slab).toBe(first.slab);
    expect(second.start - HEADROOM).toBe(first.start + 4096);
  });

  test('no two living views share a byte, whatever is made and released', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.record({ make: fc.integer({ min: 1, max: 400_000 }) }), fc.record({ release: fc.nat(20) })), { maxLength: 80 }), (steps) => {
      const pool = new SlabPool(2);
      const living: View[] = [];
      for (const step of steps) {
        if ('make' in step) {
          const fresh = pool.view(step.make);
          for (const view of living) if (view.slab === fresh.slab) expect(fresh.start + fresh.length <= view.start - view.room || view.start + view.length <= fresh.start - fresh.room).toBe(true);
          expect(fresh.start + fresh.length).toBeLessThanOrEqual(fresh.slab.bytes.length);
          living.push(fresh);
        } else living.splice(step.release % Math.max(1, living.length), 1)[0]?.release();
      }
    }));
  });
});

describe('a receiver', () => {
  test('keeps what was received in order, and what somebody still needs unchanged', () => {
    const step = fc.record({ receive: fc.integer({ min: 1, max: 200_000 }), consume: fc.integer({ min: 1, max: 300_000 }), keep: fc.boolean(), need: fc.integer({ min: 0, max: 3 * SLAB_BYTES }), release: fc.boolean() });
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const receiver = new Receiver(new SlabPool(1));
      let sent = 0;
      let taken = 0;
      const byteAt = (at: number): number => (at * 31 + (at >> 8)) & 0xff;
      const kept: { view: View; from: number }[] = [];
      const sound = (): void => {
        for (const { view, from } of kept) for (const index of [0, view.length >> 1, view.length - 1]) expect(view.bytes[index]).toBe(byteAt(from + index));
      };
      for (const { receive, consume, keep, need, release } of steps) {
        const room = receiver.next();
        expect(room.length).toBeGreaterThan(0);
        const count = Math.min(room.length, receive);
        for (let index = 0; index < count; index += 1) room[index] = byteAt(sent + index);
        sent += count;
        receiver.got(count);
        sound();
        const eaten = Math.min(consume, receiver.available);
        if (eaten > 0) {
          const view = receiver.view(receiver.read, eaten, 0);
          expect([view.bytes[0], view.bytes[eaten - 1]]).toEqual([byteAt(taken), byteAt(taken + eaten - 1)]);
          if (keep) kept.push({ view, from: taken });
          else view.release();
          receiver.read += eaten;
          taken += eaten;
        }
        receiver.need = need > receiver.available ? need : 0;
        if (release) kept.shift()?.view.release();
      }
      for (const { view } of kept) view.release();
      expect(receiver.pinned).toBe(0);
    }), { numRuns: 60 });
  });
});
