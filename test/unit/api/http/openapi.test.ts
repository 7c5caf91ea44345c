import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Static } from 'typebox';
import type * as control from '../../../../src/control/control.ts';
import type { Cluster, HoldfastEvent, Node } from '../../../../src/model/node.ts';
import type { ErrorBody } from '../../../../src/model/errors.ts';
import type { Operation } from '../../../../src/model/operation.ts';
import type { Pool } from '../../../../src/model/pool.ts';
import type { Snapshot } from '../../../../src/model/snapshot.ts';
import type { Volume } from '../../../../src/model/volume.ts';
import type * as operation from '../../../../src/api/http/schema/operation.ts';
import type * as pool from '../../../../src/api/http/schema/pool.ts';
import type * as record from '../../../../src/api/http/schema/record.ts';
import type * as snapshot from '../../../../src/api/http/schema/snapshot.ts';
import type * as system from '../../../../src/api/http/schema/system.ts';
import type * as volume from '../../../../src/api/http/schema/volume.ts';

const top = path.resolve(import.meta.dirname, '../../../..');
interface Schema { readonly $ref?: string; readonly description?: string; readonly properties?: Readonly<Record<string, Schema>>; readonly type?: string; readonly examples?: readonly unknown[]; readonly additionalProperties?: unknown }
interface Route { readonly operationId?: string; readonly summary?: string; readonly tags?: readonly string[]; readonly parameters?: readonly { readonly name: string; readonly description?: string }[]; readonly responses: Readonly<Record<string, { readonly description: string }>>; readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> } }
const document = JSON.parse(readFileSync(path.join(top, 'docs/reference/openapi.json'), 'utf8')) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Route>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
const routes = Object.entries(document.paths).flatMap(([where, methods]) => Object.entries(methods).map(([method, route]) => ({ where: `${method} ${where}`, route })));

describe('the OpenAPI document', () => {
  test('is what the schemas and routes give now, and so are the types of the client', () => {
    expect(() => execFileSync(process.execPath, ['tools/generate-client.mjs', '--check'], { cwd: top, stdio: 'pipe' })).not.toThrow();
  });

  test('is OpenAPI 3.1 and names each noun once', () => {
    expect(document.openapi).toBe('3.1.0');
    for (const name of ['Volume', 'Pool', 'Snapshot', 'Operation', 'Node', 'Event', 'Error', 'Labels', 'CreateVolume', 'CreatePool', 'CreateSnapshot']) expect(document.components.schemas).toHaveProperty(name);
    expect(Object.keys(document.components.schemas).filter((name) => /^(def-|unnamed)/.test(name))).toEqual([]);
  });

  test('refers to nothing that is not in it', () => {
    const wanted = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(wanted.length).toBeGreaterThan(100);
    for (const name of new Set(wanted)) expect(Object.keys(document.components.schemas).map((known) => `#/components/schemas/${known}`)).toContain(name);
  });

  test.each(routes)('$where has an id, a summary, a tag, and says what its parameters and answers are', ({ route }) => {
    expect(route.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(route.summary).toMatch(/^[A-Z]/);
    expect(route.tags).toHaveLength(1);
    for (const parameter of route.parameters ?? []) expect({ name: parameter.name, described: (parameter.description ?? '').length > 5 }).toEqual({ name: parameter.name, described: true });
    for (const answer of Object.values(route.responses)) expect(answer.description.length).toBeGreaterThan(5);
    expect(Object.keys(route.responses)).toEqual(expect.arrayContaining(['400', '500', '503']));
  });

  test('has each operation id once', () => {
    const ids = routes.map(({ route }) => route.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('describes every property, and sizes and times with their unit', () => {
    const undescribed: string[] = [];
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      for (const [property, { description, $ref }] of Object.entries(schema.properties ?? {})) {
        const text = description ?? ($ref === undefined ? '' : document.components.schemas[$ref.split('/').at(-1) ?? '']?.description ?? '');
        if (text.length < 5) undescribed.push(`${name}.${property}`);
        if (property.endsWith('_bytes') && !/in bytes|bytes/i.test(text)) undescribed.push(`${name}.${property}: unit`);
        if (property.endsWith('_ms') && !/milliseconds/i.test(text)) undescribed.push(`${name}.${property}: unit`);
      }
    }
    expect(undescribed).toEqual([]);
  });

  test('closes every request body to unknown fields and gives an example of it', () => {
    const bodies = routes.flatMap(({ where, route }) => (route.requestBody === undefined ? [] : [{ where, name: route.requestBody.content['application/json']?.schema.$ref?.split('/').at(-1) ?? '' }]));
    expect(bodies.length).toBeGreaterThan(10);
    for (const { where, name } of bodies) {
      const schema = document.components.schemas[name];
      expect({ where, closed: schema?.additionalProperties, examples: (schema?.examples ?? []).length }).toEqual({ where, closed: false, examples: 1 });
    }
  });
});

// Checked by the compiler: the schemas say what the model and control say, in both directions.
type Frozen<T> = T extends readonly (infer I)[] ? readonly Frozen<I>[] : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
type Both<X, Y> = BothOf<Frozen<X>, Frozen<Y>>;
type BothOf<A, B> = [A] extends [B] ? ([B] extends [A] ? true : 'the second is not the first') : 'the first is not the second';
const same = <A, B>(..._answer: Both<A, B> extends true ? [] : [Both<A, B>]): void => undefined;

test('the schemas have the types of the model and of control', () => {
  same<Static<typeof volume.Volume>, Volume>();
  same<Static<typeof pool.Pool>, Pool>();
  same<Static<typeof snapshot.Snapshot>, Snapshot>();
  same<Static<typeof operation.Operation>, Operation>();
  same<Static<typeof system.Node>, Node>();
  same<Static<typeof system.Cluster>, Cluster>();
  same<Static<typeof system.Event>, HoldfastEvent>();
  same<Static<typeof record.ErrorBody>, ErrorBody>();
  same<Static<typeof system.Status>, control.Status>();
  same<Static<typeof system.Capacity>, control.Capacity>();
  same<Static<typeof volume.CreateVolume>, control.CreateVolume>();
  same<Static<typeof volume.UpdateVolume>, control.UpdateVolume>();
  same<Static<typeof pool.CreatePool>, control.CreatePool>();
  same<Static<typeof pool.UpdatePool>, control.UpdatePool>();
  same<Static<typeof snapshot.CreateSnapshot>, control.CreateSnapshot>();
  same<Static<typeof volume.PlacementExplanation>, control.PlacementExplanation>();
  expect(true).toBe(true);
});
