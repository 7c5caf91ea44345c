import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { withoutSecrets } from '../../../src/cli/bundle.ts';
import { requestOf } from '../../../src/cli/commands/volume-create.ts';
import { changeLabels } from '../../../src/cli/labels.ts';
import { newest } from '../../../src/cli/newest.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { REFERENCE, renderReference } from '../../../tools/generate-cli-docs.ts';

it('the reference of the command line is up to date (node tools/generate-cli-docs.ts writes it)', async () => {
  expect(readFileSync(REFERENCE, 'utf8')).toBe(await renderReference());
});

describe('a support bundle holds no secret', () => {
  it.each([
    ['{"token": "abc", "name": "db"}', '{"token": "[secret]", "name": "db"}'],
    ['{"join_token":"a\\"b","x":1}', '{"join_token":"[secret]","x":1}'],
    ['"msg":"{\\"password\\":\\"abc\\",\\"a\\":\\"b\\"}"', '"msg":"{\\"password\\":\\"[secret]\\",\\"a\\":\\"b\\"}"'],
    ['connecting with password=hunter2 to db', 'connecting with password=[secret] to db'],
    ['Authorization: Bearer abc.def', 'Authorization: [secret]'],
    ['https://me:hunter2@example.org/x', 'https://me:[secret]@example.org/x'],
    ['a -----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- b', 'a [private key] b'],
    ['volume db is ready', 'volume db is ready'],
  ])('%j', (text, cleaned) => expect(withoutSecrets(text)).toBe(cleaned));
});

describe('a volume that is asked for', () => {
  it('may be a name with options, a spec, or both where they agree', () => {
    expect(requestOf('db', { size_bytes: 4096 * 4096, filesystem: undefined })).toEqual({ name: 'db', size_bytes: 4096 * 4096 });
    expect(requestOf('size=16M,name=db', {})).toEqual({ name: 'db', size_bytes: 16 * 1024 ** 2 });
    expect(requestOf('size=16M,name=db', { size_bytes: 16 * 1024 ** 2, labels: { a: 'b' } })).toEqual({ name: 'db', size_bytes: 16 * 1024 ** 2, labels: { a: 'b' } });
  });
  it('is refused before it is sent where it cannot be', () => {
    expect(() => requestOf('db', { size_bytes: 100 * 1024 ** 2, filesystem: 'xfs' })).toThrow(/XFS cannot be made on 100M/);
    expect(() => requestOf('Db', {})).toThrow(/"Db" is not a name/);
  });
});

describe('changing labels', () => {
  const of = (labels: Record<string, string>) => ({ name: 'db', labels });
  it('keeps the others, and sends none where none changes', async () => {
    const written: unknown[] = [];
    const write = async (now: ReturnType<typeof of>, labels: Readonly<Record<string, string>> | undefined) => { written.push(labels); return now; };
    await changeLabels(async () => of({ a: '1', b: '2' }), { set: { c: '3', a: '9' }, remove: ['b'] }, write);
    await changeLabels(async () => of({ a: '1' }), { set: undefined, remove: undefined }, write);
    expect(written).toEqual([{ a: '9', c: '3' }, undefined]);
  });
  it('begins again when somebody else was faster, but not for ever', async () => {
    let tries = 0;
    const write = async (): Promise<never> => { tries += 1; throw new HoldfastError('conflict', 'changed in between'); };
    await expect(changeLabels(async () => of({}), { set: { a: '1' }, remove: undefined }, write)).rejects.toThrow('changed in between');
    expect(tries).toBe(5);
  });
  it('says when a label to remove is not there', async () => {
    await expect(changeLabels(async () => of({ a: '1' }), { set: undefined, remove: ['x'] }, async (now) => now)).rejects.toMatchObject({ code: 'not_found', detail: { hint: 'It has: a.' } });
  });
});

it('the newest of a list are read without the rest', async () => {
  let read = 0;
  async function* listing(): AsyncGenerator<number> { for (;;) { read += 1; yield read; } }
  expect(await newest(listing(), 3)).toEqual({ items: [1, 2, 3], more: true });
  expect(read).toBe(4);
});
