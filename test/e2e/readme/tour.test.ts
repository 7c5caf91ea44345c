// The README's tour, typed to the letter into one shell, each answer compared with what the README says it is.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { engineTurn, startEngine, TURN_MS, type Engine } from '../../lab/docker-engine.ts';
import { describeIf, dockerEngine, filesystem, loopDevices, terraform, terraformBinary, type Need } from '../../lab/needs.ts';
import { openShell, type Shell } from './shell.ts';
import { contradiction, mayFail, readTour } from './tour.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const PLACE = '/var/tmp/holdfast-tour';
const PLUGIN = '/run/docker/plugins/holdfast.sock';

const commands = readTour(readFileSync(path.join(TOP, 'README.md'), 'utf8'), 'A five-minute tour');
const sections = [...new Set(commands.map(({ section }) => section))];

/** The tour's own places; whoever has them now is not disturbed. */
const free: Need = () => [PLACE, PLUGIN].filter((place) => existsSync(place)).map((place) => `${place} is there already`)[0];
/** Sections that need more than the rest. */
const NEEDS: Readonly<Record<string, Need>> = { Containers: dockerEngine, Terraform: terraform };

describeIf([loopDevices, filesystem('xfs'), free], 'the five-minute tour', () => {
  let shell: Shell;
  let engine: Engine | undefined;
  let turnIsOver: (() => Promise<void>) | undefined;
  let home: string;

  beforeAll(async () => {
    home = mkdtempSync(path.join(os.tmpdir(), 'holdfast-tour-'));
    if (dockerEngine() === undefined) {
      turnIsOver = await engineTurn();
      engine = await startEngine({ dir: path.join(home, 'engine') });
      await engine.must(['tag', engine.image, 'busybox']);
    }
    const env: NodeJS.ProcessEnv = { ...(engine?.env ?? process.env), HOME: home };
    delete env['HOLDFAST_ENDPOINT'];
    shell = openShell(TOP, env);
    const binary = terraformBinary();
    if (binary !== undefined) await shell.type(`terraform() { '${binary}' "$@"; }`);
  }, TURN_MS);

  afterAll(async () => {
    try {
      await shell?.end();
      await engine?.stop();
      for (let waited = 0; existsSync(PLUGIN) && waited < 100; waited += 1) await pause(100);
      if (existsSync(PLACE)) {
        writeFileSync(path.join(PLACE, '.holdfast-scratch'), '');
        execFileSync(path.join(TOP, 'tools/scrub'), [PLACE], { stdio: 'inherit' });
      }
      rmSync(home, { recursive: true, force: true });
    } finally {
      await turnIsOver?.();
    }
  }, 120_000);

  for (const section of sections) {
    const lack = NEEDS[section]?.();
    const test = lack === undefined ? it : it.skip;
    test(`${section}: every command says what the README shows${lack === undefined ? '' : ` [skipped: ${lack}]`}`, async () => {
      for (const command of commands.filter((one) => one.section === section)) {
        const { output, code } = await shell.type(command.typed);
        const where = `README.md:${command.line}: ${command.typed}`;
        expect({ where, claimed: command.claimed.join('\n'), otherwise: contradiction(command, output) }).toEqual({ where, claimed: command.claimed.join('\n'), otherwise: null });
        expect({ where, failed: code !== 0, output }).toEqual({ where, failed: mayFail(command), output });
      }
    }, 300_000);
  }

  it('leaves nothing behind', () => {
    expect([PLACE, PLUGIN].filter((place) => existsSync(place))).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(PLACE);
    expect(execFileSync('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { encoding: 'utf8' })).not.toContain(PLACE);
  });
});
