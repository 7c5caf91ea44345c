import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { renderSpecReference, SPEC_REFERENCE } from '../../../tools/generate-spec-docs.ts';
import { findKey, REFUSED_KEYS, SPEC_KEYS } from '../../../src/model/spec-grammar.ts';

it('the reference of the in-line spec is what the grammar says (else: node tools/generate-spec-docs.ts)', () => {
  expect(readFileSync(SPEC_REFERENCE, 'utf8')).toBe(renderSpecReference());
});

it('every spelling of a key is in the reference, and none is there twice', () => {
  const spellings = [...SPEC_KEYS, ...REFUSED_KEYS].flatMap(({ key, synonyms }) => [key, ...synonyms]);
  expect(new Set(spellings).size).toBe(spellings.length);
  for (const spelling of spellings) expect(renderSpecReference()).toContain(`\`${spelling}\``);
});

it('every example of the reference is read by the parser\'s own table', () => {
  for (const { key, example } of SPEC_KEYS) expect(() => findKey(key)?.read(example, key)).not.toThrow();
});
