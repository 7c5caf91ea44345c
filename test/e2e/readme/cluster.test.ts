// The README's cluster in the lab, typed to the letter: bare machines, a package, three voters, one of them killed.
import { afterAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { bareLab, describeIf, type Need } from '../../lab/needs.ts';
import { openShell } from './shell.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const LAB = '/run/holdfast-lab/0';

/** A lab that somebody has made by hand is not disturbed. */
const free: Need = () => (existsSync(LAB) ? 'a lab made by hand is there already' : undefined);

/** The commands below the heading: lines that begin at the margin begin a command. */
function commandsBelow(heading: string): readonly string[] {
  const text = readFileSync(path.join(TOP, 'README.md'), 'utf8');
  const block = /```sh\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n## ${heading}\n`)))?.[1] ?? '';
  const commands: string[] = [];
  let loop = '';
  for (const line of block.trimEnd().split('\n')) {
    loop += loop === '' ? line : `\n${line}`;
    if (/^for .*;\s*do\b(?!.*\bdone\b)/.test(loop) && line !== 'done') continue;
    commands.push(loop);
    loop = '';
  }
  return commands;
}

describeIf([bareLab, free], 'the cluster of the README', () => {
  const shell = openShell(TOP, process.env);
  afterAll(async () => {
    await shell.type('make lab-down');
    await shell.end();
  }, 120_000);

  it('is what its commands make of bare machines', async () => {
    const commands = commandsBelow('A cluster, on this machine');
    expect(commands.length).toBeGreaterThan(6);
    const said = new Map<string, string>();
    for (const command of commands) {
      const { output, code } = await shell.type(command);
      expect({ command, code, output }).toEqual({ command, code: 0, output });
      said.set(command, output);
    }
    const status = said.get(commands.find((one) => one.includes('holdfast cluster status')) ?? '') ?? '';
    expect(status).toMatch(/3 voters, 3 of them healthy/);
    expect(status).toMatch(/all is well/);
  }, 1_200_000);

  it('leaves nothing behind', () => {
    expect(existsSync(LAB)).toBe(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(LAB);
    expect(execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' })).not.toContain(LAB);
  });
});
