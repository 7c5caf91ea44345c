import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pinPath } from '../../../src/node/pinned-path.ts';

let root: string;
beforeEach(() => { root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'holdfast-pinned-'))); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('shows where the symlinks of a path lead, and is nothing where there is no directory for it', () => {
  mkdirSync(path.join(root, 'real'));
  symlinkSync('real', path.join(root, 'link'));
  const pin = pinPath(path.join(root, 'link/target'));
  expect(pin?.resolved).toBe(path.join(root, 'real/target'));
  pin?.close();
  expect(pinPath(path.join(root, 'nowhere/target'))).toBeNull();
});

test('a symlink that takes the place of the directory afterwards leads nobody elsewhere', () => {
  const [inside, aside, outside] = ['inside', 'aside', 'outside'].map((name) => path.join(root, name)) as [string, string, string];
  mkdirSync(inside);
  mkdirSync(outside);
  const pin = pinPath(path.join(inside, 'target'));
  renameSync(inside, aside);
  symlinkSync(outside, inside);
  mkdirSync(pin?.at ?? '');
  pin?.close();
  expect([existsSync(path.join(outside, 'target')), existsSync(path.join(aside, 'target'))]).toEqual([false, true]);
});
