/** The parts of plans that decide: the ledger of capacity, labels, taking over, and words for errors. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { documentProvider } from '../../../provider/framework/document.ts';
import { createHarness } from '../../../provider/framework/testing.ts';
import { UNKNOWN } from '../../../provider/protocol/value.ts';
import { createProvider } from '../../../provider/provider.ts';
import { existsAlready } from '../../../provider/resources/existing.ts';
import { describeFailure } from '../../../provider/resources/failure.ts';
import { mergedLabels, ownLabels } from '../../../provider/resources/labels.ts';
import { Ledger } from '../../../provider/resources/ledger.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { Pool } from '../../../src/model/pool.ts';
import { applied, drive, errors, GIB, object, volume, warnings, type Driven } from './driven.ts';

const pool = (name: string, capacity: number, allocated = 0, poolClass = 'any'): Pool => ({
  id: `pool_${name}`, name, version: 1, owner: '', labels: {}, node: 'node_1', created_at: '', spec: { kind: 'directory', path: '/', devices: [], overcommit: 1, class: poolClass },
  status: { state: 'ready', conditions: [], observed_at: null, reflink: false, capacity_bytes: capacity, used_bytes: 0, allocated_bytes: allocated, allocated_by_filesystem: { [name]: allocated }, filesystems: [{ uuid: name, device: null, path: '/', type: 'ext4', reflink: false, sector_bytes: 512, capacity_bytes: capacity, used_bytes: 0 }] },
});
const wish = (name: string, bytes: number, more = {}) => ({ object: `volume ${name}`, bytes, pool: null, class: 'any', filesystem: null, ...more });

describe('the ledger', () => {
  test('adds up what one plan makes, and names what else is in the way', () => {
    const ledger = new Ledger();
    const pools = [pool('a', 10, 2)];
    expect(ledger.enter(wish('x', 5), pools)).toEqual({ fits: true });
    expect(ledger.enter(wish('y', 4), pools)).toEqual({ fits: false, left: 3, others: ['volume x'], pools: ['a'] });
    ledger.release('volume x');
    expect(ledger.enter(wish('y', 4), pools)).toEqual({ fits: true });
  });

  test('asked twice about one object counts it once, also when it was smaller before', () => {
    const ledger = new Ledger();
    for (const bytes of [9, 9, 10]) expect(ledger.enter(wish('x', bytes), [pool('a', 10)])).toEqual({ fits: true });
  });

  test('keeps to the pool, class and filesystem that were asked for', () => {
    const ledger = new Ledger();
    const pools = [pool('a', 10), pool('b', 20, 0, 'fast')];
    expect(ledger.enter(wish('x', 15, { pool: 'pool_a' }), pools)).toMatchObject({ fits: false, pools: ['a'] });
    expect(ledger.enter(wish('x', 15, { class: 'fast' }), pools)).toEqual({ fits: true });
    expect(ledger.enter(wish('y', 6), pools)).toEqual({ fits: true }); // the rest of b is too small, a is not
    expect(ledger.enter(wish('z', 5, { filesystem: 'a' }), pools)).toMatchObject({ fits: false, left: 4 });
  });

  test('gives back what is destroyed for good', () => {
    const ledger = new Ledger();
    ledger.free('volume old', 'a', 8);
    expect(ledger.isFreed(['a'])).toBe(true);
    expect(ledger.enter(wish('new', 9), [pool('a', 10, 8)])).toEqual({ fits: true });
  });

  test('never lets one filesystem be given more than it has', () => {
    fc.assert(fc.property(fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), bytes: fc.nat(12) })), (wishes) => {
      const ledger = new Ledger();
      const last = new Map<string, number>();
      for (const { name, bytes } of wishes) {
        if (ledger.enter(wish(name, bytes), [pool('p', 20)]).fits) last.set(name, bytes);
        else last.delete(name);
      }
      expect([...last.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(20);
    }));
  });
});

describe('labels', () => {
  test('of the object win over those of the provider, and are unknown together', () => {
    expect(mergedLabels({ a: '1' }, { a: '0', b: '2' })).toEqual({ a: '1', b: '2' });
    expect(mergedLabels(null, { b: '2' })).toEqual({ b: '2' });
    expect(mergedLabels({ a: UNKNOWN }, { b: '2' })).toBe(UNKNOWN);
  });

  test('are taken apart again to what was put together', () => {
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'toString'), fc.constantFrom('1', '2'));
    fc.assert(fc.property(fc.option(map), map, (own, defaults) => {
      const all = mergedLabels(own, defaults) as Record<string, string>;
      expect(ownLabels(all, { labels: own, labels_all: all }, defaults)).toEqual(own);
    }));
  });

  test('that somebody else set belong to the object, and those that were taken away are missing', () => {
    expect(ownLabels({ team: 'a', foreign: 'x' }, { labels: { app: 'y' }, labels_all: { app: 'y', team: 'a' } }, { team: 'b' })).toEqual({ foreign: 'x' });
  });
});

describe('words', () => {
  test('of an error name object, field and way out', () => {
    const error = new HoldfastError('conflict', 'it is being changed', { object: 'volume db', field: 'size_bytes', hint: 'Wait for it: holdfast operation watch op_1' });
    expect(describeFailure(error)).toEqual({ summary: 'In conflict with what exists', detail: 'volume db: it is being changed. Wait for it: holdfast operation watch op_1', path: ['size'] });
    expect(describeFailure(new Error('x'))).toBeUndefined();
  });

  test('about a taken name show the import for what is foreign, and the way back for what is ours', () => {
    const about = { noun: 'volume', name: 'db', id: 'vol_1', because: 'it has no owner' } as const;
    expect(existsAlready({ ...about, held: false })).toMatch(/import \{\n {6}to = holdfast_volume.NAME\n {6}id = "vol_1"\n {4}\}/);
    expect(existsAlready({ ...about, held: true })).not.toContain('import {');
    for (const word of ['terraform untaint', 'moved {', 'removed {', 'replace_triggered_by']) expect(existsAlready({ ...about, held: true })).toContain(word);
  });
});

describe('a plan', () => {
  let driven: Driven;
  beforeEach(async () => { driven = await drive(); });
  afterEach(() => driven.end());
  const TYPE = 'holdfast_volume';

  test('made twice says the same twice', async () => {
    const { harness } = driven;
    const [first, second] = [await harness.plan(TYPE, volume({ size: '90G' })), await harness.plan(TYPE, volume({ size: '90G' }))];
    expect(second.plan).toEqual(first.plan);
    expect(errors(second.said)).toEqual([]);
  });

  test('refuses the half that does not fit beside the other', async () => {
    const { harness } = driven;
    expect(errors((await harness.plan(TYPE, volume({ size: '60G' }))).said)).toEqual([]);
    expect(errors((await harness.plan(TYPE, volume({ name: 'b', size: '60G' }))).said)).toEqual([expect.stringMatching(/^Pool is full: .*volume db/)]);
    expect(errors((await harness.plan(TYPE, volume({ name: 'c', size: '200G' }))).said)).toEqual([expect.stringMatching(/^Pool is full: no place for volume c/)]);
  });

  test('counts the growth of others, and nothing that was made meanwhile', async () => {
    const { harness } = driven;
    const small = await applied(harness, TYPE, volume());
    expect(errors((await harness.plan(TYPE, volume({ size: '80G' }), small)).said)).toEqual([]);
    expect(errors((await harness.plan(TYPE, volume({ name: 'b', size: '30G' }))).said)).toEqual([expect.stringContaining('Pool is full')]);
    await applied(harness, TYPE, volume({ size: '60G' }), small);
    await new Promise((resolve) => { setTimeout(resolve, 1_100); }); // what the pools had is remembered for a second
    expect(errors((await harness.plan(TYPE, volume({ name: 'b', size: '30G' }))).said)).toEqual([]);
  });

  test.each([
    [{}, { owner: '' }, 'the provider has no "owner"'],
    [{}, { owner: 'other' }, 'its owner is "me", not "other"'],
    [{ size: '2G' }, {}, 'it differs: size is 1G, not 2G'],
    [{ fs: 'ext4' }, {}, 'it differs: fs is xfs, not ext4'],
    [{ pool: 'second' }, {}, 'it is in another pool'],
    [{ size: UNKNOWN }, {}, 'not everything about the new one is known yet'],
  ])('does not take a volume over: %j, %j', async (config, provider, words) => {
    const { bench, control } = driven;
    await bench.done(control.createPool({ name: 'second', kind: 'directory', path: '/srv/second' }));
    await bench.done(control.createVolume({ name: 'db', size_bytes: GIB, pool: 'fast', owner: 'me' }));
    const harness = await driven.run(provider);
    expect(errors((await harness.plan(TYPE, volume(config))).said)).toEqual([expect.stringContaining(words)]);
  });

  test('takes over what an interrupted run left, with what the configuration says about it', async () => {
    const { bench, control, harness } = driven;
    await bench.done(control.createVolume({ name: 'db', size_bytes: GIB, pool: 'fast', owner: 'me' }));
    const { id } = await control.getVolume('db');
    const result = await applied(harness, TYPE, volume({ labels: object({ a: 'b' }), trash_retention: '1d' }));
    expect(warnings(result.said)).toEqual([expect.stringContaining('Volume of an interrupted run is taken')]);
    expect(result.state).toMatchObject({ id, data_effects: 'takes the empty volume that an interrupted apply left' });
    expect(await control.getVolume('db')).toMatchObject({ labels: { a: 'b' }, spec: { trash_retention_ms: 86_400_000 } });
  });

  test('without a client keeps what is known, and says what it left out', async () => {
    const harness = createHarness(createProvider());
    expect(warnings(await harness.configure(object({ endpoint: UNKNOWN })))).toEqual([expect.stringContaining('Provider configuration is not known yet')]);
    const { plan, said } = await harness.plan(TYPE, volume());
    expect(warnings(said)).toEqual([expect.stringContaining('Checks left out')]);
    expect(plan).toMatchObject({ name: 'db', size: '1G', fs: 'xfs', deletion_protection: false });
    const made = await applied(driven.harness, TYPE, volume());
    expect((await harness.read(TYPE, made)).state).toEqual(made.state);
    expect((await harness.plan(TYPE, volume(), made)).plan).toEqual(made.state);
    expect(errors((await harness.plan(TYPE, null, { ...made, state: { ...made.state, deletion_protection: true } })).said)).toEqual([expect.stringContaining('Volume is protected')]);
  });

  test('holds back on what is not known yet', async () => {
    for (const unknown of ['name', 'size', 'pool', 'labels', 'fs', 'class', 'source_snapshot', 'deletion_protection', 'trash_retention', 'if_trashed', 'replicas', 'access']) {
      const { said, plan } = await (await driven.run()).plan(TYPE, volume({ [unknown]: UNKNOWN }));
      expect([unknown, said, plan?.[unknown]]).toEqual([unknown, [], UNKNOWN]);
    }
  });

  test('with an endpoint that cannot be is refused where it is written', async () => {
    expect(await createHarness(createProvider({ endpoint: 'nowhere' })).configure(object({}))).toMatchObject([{ severity: 'error', path: 'endpoint', detail: expect.stringContaining('(from HOLDFAST_ENDPOINT)') }]);
  });
});

describe('the reference', () => {
  const folder = path.join(import.meta.dirname, '../../../docs/reference/terraform');

  test('is what `make docs` would write', () => {
    const pages = documentProvider(createProvider());
    expect(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())).toHaveLength(pages.length);
    for (const page of pages) expect([page.path, readFileSync(path.join(folder, page.path), 'utf8')]).toEqual([page.path, page.text]);
  });

  test('describes every attribute', () => {
    for (const { text } of documentProvider(createProvider())) for (const line of text.split('\n').filter((one) => one.startsWith('- `'))) expect(line).toMatch(/^- `\w+` \([^)]+\) \S.{8,}/);
  });
});
