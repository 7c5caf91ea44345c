import { describe, expect, it } from '@jest/globals';
import { candidates, type Candidates } from '../../../src/cli/completion/candidates.ts';
import type { LiveKind } from '../../../src/cli/completion/live-names.ts';
import { holdfast } from './fake-host.ts';

const LIVE: Partial<Record<LiveKind, readonly string[]>> = { volume: ['db', 'db-test', 'web'], pool: ['main'], snapshot: ['db@one', 'web@two'], trash: ['old'] };
const asked: LiveKind[] = [];
const complete = (line: string): Promise<Candidates> => candidates(line.split(' '), async (kind) => {
  asked.push(kind);
  return (LIVE[kind] ?? []).map((word) => ({ word, what: kind }));
});
const words = async (line: string): Promise<string[]> => (await complete(line)).words.map(({ word }) => word);

describe('completion offers', () => {
  it('commands, and verbs below a noun', async () => {
    expect(await words('')).toEqual(expect.arrayContaining(['status', 'volume', 'pool', 'completion']));
    expect(await words('')).not.toContain('__complete');
    expect(await words('sn')).toEqual(['snapshot']);
    expect(await words('volume re')).toEqual(['resize', 'recover', 'remove']);
    expect(await words('-o json volume re')).toEqual(['resize', 'recover', 'remove']);
    expect(await words('nonsense ')).toEqual([]);
  });
  it('names of what there is, where one fits', async () => {
    expect(await words('volume inspect d')).toEqual(['db', 'db-test']);
    expect(await words('volume resize db ')).toEqual([]);
    expect(await words('snapshot restore db@')).toEqual(['db@one']);
    expect(await words('trash restore ')).toEqual(['old']);
    expect(await words('volume create x --pool ')).toEqual(['main']);
    expect(await words('volume create x --pool=m')).toEqual(['--pool=main']);
    expect(await words('volume create x --from w')).toEqual(['web@two']);
  });
  it('options that are not given yet, those that repeat again and again', async () => {
    expect(await words('volume create x --p')).toEqual(['--pool', '--pool-label', '--protect']);
    expect(await words('volume create x --pool main --p')).toEqual(['--pool-label', '--protect']);
    expect(await words('volume create x --label a=b --la')).toEqual(['--label']);
    expect(await words('volume create x --no')).toEqual(['--node', '--no-protect', '--no-wait']);
    expect(await words('status --he')).toEqual(['--help']);
  });
  it('values where they are known, and nothing where they are free', async () => {
    expect(await words('volume create x --fs ')).toEqual(['xfs', 'ext4']);
    expect(await words('-o j')).toEqual(['json']);
    expect(await words('pool list --output=')).toEqual(['--output=table', '--output=wide', '--output=json', '--output=yaml']);
    expect(await words('volume create x --size ')).toEqual([]);
    expect(await words('completion ')).toEqual(['bash', 'zsh']);
  });
  it('paths by the shell', async () => {
    expect((await complete('volume mount db ')).paths).toBe('directories');
    expect((await complete('pool create p --device ')).paths).toBe('files');
  });
  it('and asks the daemon only where a name could stand', async () => {
    asked.length = 0;
    await words('volume re');
    await words('volume inspect --h');
    await words('volume create x --size ');
    expect(asked).toEqual([]);
  });
});

it('the hidden command prints one candidate a line, with a few words on it', async () => {
  expect(await holdfast(['__complete', '--', 'store\n'])).toEqual({ code: 0, out: 'check\tCheck the control store for faults\n', err: '' });
  expect((await holdfast(['__complete', '--', 'volume\nmount\ndb\n'])).out).toBe(':directories\n');
  expect((await holdfast(['__complete', '--', '-o\ny'])).out).toBe('yaml\n');
});

it.each(['bash', 'zsh'])('the script for %s is printed, and hands on to the hidden command', async (shell) => {
  const { code, out } = await holdfast(['completion', shell]);
  expect(code).toBe(0);
  expect(out).toContain('__complete -- ');
  expect(out).not.toContain('@{');
});
