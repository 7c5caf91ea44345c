import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../src/bootstrap/command.ts';
import { placesBelow } from '../../../src/bootstrap/places.ts';
import { chooseServices } from '../../../src/bootstrap/services.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-command-'));
const SECRETS = { HOLDFAST_JOIN_TOKEN: 'hft1.secret', HOLDFAST_CLIENT_KEY: 'a key' };
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) process.kill(pid, 'SIGKILL');
  for (const name of Object.keys(SECRETS)) delete process.env[name];
});
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

describe('the environment of converge', () => {
  test('does not reach the programs that it runs, nor the services that it starts, with join token or key', async () => {
    Object.assign(process.env, SECRETS);
    expect((await run('env', [])).stdout).not.toContain('HOLDFAST_');
    const programs = { holdfastd: ['sh', '-c', 'tr "\\0" "\\n" </proc/self/environ; echo told; exec sleep 600'], 'holdfast-etcd': ['true'] };
    const services = chooseServices(placesBelow(dir), programs);
    await services.start('holdfastd');
    started.push(Number((JSON.parse(readFileSync(path.join(placesBelow(dir).run, 'holdfastd.pid.json'), 'utf8')) as { readonly pid: number }).pid));
    let said = '';
    while (!said.includes('told\n')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      said = readFileSync(path.join(placesBelow(dir).log, 'holdfastd.log'), 'utf8');
    }
    expect(said).toContain('PATH=');
    expect(said).not.toContain('HOLDFAST_');
  });
});

describe('a service that is a plain process', () => {
  test('is noted before its program begins: a starter that is killed leaves none that nobody knows', async () => {
    const places = placesBelow(mkdtempSync(path.join(dir, 'noted-')));
    const noted = path.join(places.run, 'holdfastd.pid.json');
    const services = chooseServices(places, { holdfastd: ['sh', '-c', 'cat "$0"; echo; echo "it is $$"; exec sleep 600', noted], 'holdfast-etcd': ['true'] });
    await services.start('holdfastd');
    const { pid } = JSON.parse(readFileSync(noted, 'utf8')) as { readonly pid: number };
    started.push(pid);
    const log = (): string => readFileSync(path.join(places.log, 'holdfastd.log'), 'utf8');
    while (!log().includes('it is')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log()).toBe(`${readFileSync(noted, 'utf8')}\nit is ${pid}\n`);
    expect(await services.isRunning('holdfastd')).toBe(true);
    await services.start('holdfastd');
    expect(JSON.parse(readFileSync(noted, 'utf8'))).toMatchObject({ pid });
  });

  test('that cannot be found is an error with what was said', async () => {
    const places = placesBelow(mkdtempSync(path.join(dir, 'missing-')));
    const services = chooseServices(places, { holdfastd: ['/none/holdfastd'], 'holdfast-etcd': ['true'] });
    await expect(services.start('holdfastd')).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/holdfastd could not be started: .*\/none\/holdfastd/) });
    expect(await services.isRunning('holdfastd')).toBe(false);
  });
});
