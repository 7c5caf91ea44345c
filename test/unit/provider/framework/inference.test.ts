/** The types that follow from a schema. Most of this is checked by the compiler; what runs only makes it a test. */
import { expect, test } from '@jest/globals';
import { providerFunction, t, timeouts, type ConfigOf, type DraftOf, type PlanOf, type StateOf } from '../../../../provider/framework/index.ts';
import type { Unknown } from '../../../../provider/protocol/value.ts';

const attributes = {
  id: t.string().computed().keepsPrior(), name: t.string().required(), size: t.int().default(1), note: t.string(), secret: t.string().writeOnly(), host: t.string().optionalComputed(), gone: t.int().computed().nullable(),
  disks: t.listOf({ gb: t.int().required(), device: t.string().computed() }), tags: t.map(t.string()), timeouts: timeouts({ create: '1m' }),
};
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

test('types are inferred for each place an attribute appears in', () => {
  holds<Equal<StateOf<typeof attributes>['id'], string>>();
  holds<Equal<PlanOf<typeof attributes>['id'], string | Unknown>>();
  holds<Equal<ConfigOf<typeof attributes>['id'], null>>();
  holds<Equal<DraftOf<typeof attributes>['id'], string | null | Unknown>>();
  holds<Equal<StateOf<typeof attributes>['size'], number>>();
  holds<Equal<ConfigOf<typeof attributes>['size'], number | null>>();
  holds<Equal<PlanOf<typeof attributes>['note'], string | null>>();
  holds<Equal<PlanOf<typeof attributes>['secret'], null>>();
  holds<Equal<ConfigOf<typeof attributes>['secret'], string | null>>();
  holds<Equal<PlanOf<typeof attributes>['host'], string | Unknown>>();
  holds<Equal<StateOf<typeof attributes>['gone'], number | null>>();
  holds<Equal<StateOf<typeof attributes>['disks'], { gb: number; device: string }[] | null>>();
  holds<Equal<PlanOf<typeof attributes>['disks'], { gb: number; device: string | Unknown }[] | null>>();
  holds<Equal<StateOf<typeof attributes>['tags'], Record<string, string> | null>>();
  holds<Equal<StateOf<typeof attributes>['timeouts'], { create: string | null } | null>>();
  // @ts-expect-error a computed attribute may not be forgotten
  const forgotten: StateOf<typeof attributes> = { name: 'a', size: 1, note: null, secret: null, host: 'h', gone: null, disks: null, tags: null, timeouts: null };
  expect(Object.keys(attributes)).toHaveLength(10);
  expect(forgotten.name).toBe('a');
  const add = providerFunction({ name: 'add', summary: '', description: '', parameters: [{ name: 'a', type: t.int(), description: '' }, { name: 'b', type: t.string(), description: '', allowNull: true }], returns: t.string(), call: (a, b) => `${a.toFixed(0)}${b?.trim() ?? ''}` });
  holds<Equal<Parameters<typeof add.call>, [number, string | null]>>();
  expect(add.call(1, null)).toBe('1');
});
