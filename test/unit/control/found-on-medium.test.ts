import { expect, it } from '@jest/globals';
import { GIB, newWorld, POOL_PATH, startBench } from './bench.ts';

it('a volume that was attached often and is found on a medium again attaches at the first try', async () => {
  const bench = await startBench(newWorld());
  await bench.control.start();
  const { control } = bench;
  await bench.done(control.createPool({ name: 'p', kind: 'directory', path: POOL_PATH }));
  await bench.done(control.createVolume({ name: 'v', size_bytes: GIB }));
  for (let attached = 0; attached < 5; attached += 1) {
    await control.attachVolume('v');
    await control.detachVolume('v');
  }
  await bench.done(control.removeVolume('v'));
  await bench.done(control.removePool('p'));
  await bench.done(control.createPool({ name: 'again', kind: 'directory', path: POOL_PATH }));
  await control.restoreTrash('v');
  expect((await control.attachVolume('v')).replication.generation).toBeGreaterThan(5);
});
