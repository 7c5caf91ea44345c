/** Rules 7, 8 and 9: what a plan finds out before anything is changed, what a state may not hold, and what is only said. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { renameSync } from 'node:fs';
import path from 'node:path';
import { describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import { startStage, volume, type Stage, type Workspace } from './stage.ts';

const GIB = 2 ** 30;

describeIf([loopDevices, terraform], 'a plan', () => {
  let stage: Stage;
  beforeAll(async () => { stage = await startStage(); });
  afterAll(() => stage?.end());

  const withPool = (name: string, more = ''): Workspace => {
    const workspace = stage.workspace(name);
    workspace.write(workspace.pool(more)).apply();
    return workspace;
  };
  const left = async (workspace: Workspace): Promise<number> => {
    const { pools } = await stage.client.capacity();
    return Math.floor((pools.find(({ name }) => name === `${workspace.name}-p`)?.available_bytes ?? 0) / GIB);
  };
  const of = (workspace: Workspace, ...volumes: readonly (readonly [string, number])[]): Workspace =>
    workspace.write(workspace.pool() + volumes.map(([label, gib]) => volume(label, ['fs = "ext4"'], `${gib}G`)).join(''));

  it('refuses a volume that does not fit, alone or beside the others of the plan, and growth that does not', async () => {
    const workspace = withPool('full');
    const free = await left(workspace);
    expect(of(workspace, ['a', free + 2]).failingPlan()).toMatch(/Pool is full.*can still be provisioned/);
    const half = Math.floor(free * 0.6);
    const both = of(workspace, ['a', half], ['b', half]).failingPlan();
    expect(both).toMatch(/Pool is full.*does not fit in pool ".*-p" beside the rest of this plan \(volume .*-[ab]\)/);
    expect(both.match(/Error: Pool is full/g)).toHaveLength(1);
    of(workspace, ['a', half]).apply();
    expect(of(workspace, ['a', free + 2]).failingPlan()).toMatch(/cannot grow to .* has room for/);
    expect(of(workspace, ['a', half + 2], ['b', free - half - 1]).failingPlan()).toContain('Pool is full');
    of(workspace, ['a', half + 1], ['b', free - half - 4]).apply();
    expect(workspace.isSettled()).toBe(true);
    workspace.destroy();
  });

  it('counts what a replaced volume gives back for good', async () => {
    const workspace = withPool('gives-back');
    const most = (await left(workspace)) - 2;
    of(workspace, ['a', most]).apply();
    expect(workspace.write(workspace.pool() + volume('a', ['fs = "ext4"'], `${most}G`).replace('"$-a"', '"$-b"')).apply().text).toContain('1 added, 0 changed, 1 destroyed');
    workspace.destroy();
  });

  it('raises no false alarm for pools that it makes itself', () => {
    const workspace = stage.workspace('same-plan');
    const { text } = workspace.write(workspace.pool() + volume('v') + volume('by-id', ['pool = holdfast_pool.p.id'])).plan();
    expect(text).not.toMatch(/Warning|Error/);
    workspace.apply('plan');
    expect(workspace.isSettled()).toBe(true);
  });

  it('refuses what the daemon does not offer, and warns of a pool that is not there', () => {
    const workspace = withPool('refused');
    expect(workspace.write(workspace.pool() + volume('v', ['access = "shared"'])).failingPlan()).toContain('Not supported');
    expect(workspace.write(workspace.pool() + volume('v', ['replicas = 2'])).failingPlan()).toContain('there is 1 storage node');
    expect(workspace.write(workspace.pool() + volume('v', ['class = "fast"'])).failingPlan()).toContain('its class is any, fast is asked for');
    expect(workspace.write(workspace.pool() + volume('v', ['pool = "no-such-pool"'])).plan().text).toContain('There is no pool "no-such-pool" now');
  });

  it('names the field for bad input, before anything is asked of the daemon', () => {
    const workspace = stage.workspace('bad');
    const cases = [
      [volume('v').replace('"$-v"', '"../etc"'), 'it must begin with a small letter or a digit'], [volume('v').replace('"$-v"', `"${'a'.repeat(300)}"`), '63 are allowed'], [volume('v').replace('"$-v"', '"dаta"'), 'U+0430'],
      [volume('v', ['labels = { "-x" = "1" }']), 'is not a label key'], [volume('v', ['trash_retention = "7x"']), '"7x" is not a duration'], [volume('v', ['replicas = 9']), 'between 1 and 3'],
      [volume('v', ['if_trashed = "never"']), 'must be one of'], [volume('v', ['timeouts = { create = "soon" }']), 'is not a duration'],
      ['resource "holdfast_pool" "x" {\n  name = "x"\n}\n', 'A pool needs a directory (path) or block devices (devices)'], ['resource "holdfast_pool" "x" {\n  name = "x"\n  path = "relative"\n}\n', 'absolute path'],
      ['resource "holdfast_pool" "x" {\n  name = "x"\n  path = "/a"\n  devices = ["/dev/x"]\n}\n', 'give one of the two'],
    ] as const;
    for (const [body, words] of cases) expect(workspace.write(workspace.pool() + body).failing('validate')).toContain(words);
    expect(workspace.write(workspace.pool(), { endpoint: '"ftp://x"' }).failingPlan()).toContain('is neither unix:// nor http:// nor https://');
  });

  it('keeps what it knows while the provider\'s configuration is unknown, and says what it did not check', () => {
    const workspace = stage.workspace('unknown');
    workspace.write(workspace.pool() + volume('v')).apply();
    const endpoint = 'terraform_data.e.output';
    const body = (size: string, more = ''): string => `resource "terraform_data" "e" {\n  input = "${stage.daemon.endpoint}"\n}\n${workspace.pool()}${volume('v', [], size)}${more}`;
    const same = workspace.write(body('64M'), { endpoint }).plan();
    expect(same.changes['holdfast_volume.v']?.actions).toEqual(['no-op']);
    expect(same.text.match(/Provider configuration is not known yet/g)).toHaveLength(1);
    const more = workspace.write(body('128M', volume('w')), { endpoint }).plan();
    expect(more.text).toContain('Checks left out');
    expect(more.changes['holdfast_volume.v']?.actions).toEqual(['update']);
    workspace.apply();
    expect(workspace.isSettled()).toBe(true);
  });

  it('only tells what is not as it should be, and changes nothing about it', async () => {
    const workspace = stage.workspace('conditions');
    workspace.write(workspace.pool() + volume('v')).apply();
    const { name, directory } = await imageOf(workspace);
    renameSync(directory, `${directory}.away`);
    const planned = workspace.run(['plan', '-no-color', '-detailed-exitcode']);
    expect(planned.status).toBe(0);
    expect(planned.text).toMatch(new RegExp(`Volume is not as it should be.*volume "${name}", ImageMissing: .* Nothing is repaired by itself`));
    renameSync(`${directory}.away`, directory);
    expect(workspace.isSettled()).toBe(true);
  });

  it('shows labels changed elsewhere, and puts them back; those of the provider are inherited', async () => {
    const workspace = stage.workspace('labels');
    const body = workspace.pool() + volume('v', ['labels = { app = "shop" }']);
    const write = (team: string): Workspace => workspace.write(body, { defaults: `{ labels = { team = "${team}" } }` });
    write('a').apply();
    const id = workspace.id('holdfast_volume.v');
    expect(await stage.client.volumes.get(id)).toMatchObject({ labels: { app: 'shop', team: 'a' } });
    expect(workspace.isSettled()).toBe(true);
    const { changes } = write('b').plan();
    expect(changes['holdfast_volume.v']).toMatchObject({ actions: ['update'], before: { labels: { app: 'shop' } }, after: { labels: { app: 'shop' }, labels_all: { app: 'shop', team: 'b' } } });
    workspace.apply('plan');
    expect(workspace.isSettled()).toBe(true);
    await stage.client.volumes.update(id, { labels: { app: 'other', team: 'b', foreign: 'x' } });
    expect(workspace.plan().changes['holdfast_volume.v']).toMatchObject({ before: { labels: { app: 'other', foreign: 'x' } }, after: { labels: { app: 'shop' } } });
    workspace.apply('plan');
    expect(await stage.client.volumes.get(id)).toMatchObject({ labels: { app: 'shop', team: 'b' } });
  });

  it('of a hundred volumes at once is applied, is settled, and destroyed', async () => {
    const workspace = stage.workspace('hundred');
    workspace.write(`${workspace.pool()}resource "holdfast_volume" "v" {\n  count = 100\n  name = "$-\${count.index}"\n  size = "16M"\n  fs = "ext4"\n  pool = holdfast_pool.p.name\n  deletion_protection = false\n  trash_retention = "0"\n}\n`);
    expect(workspace.apply().text).toContain('101 added');
    expect(workspace.isSettled()).toBe(true);
    expect(workspace.destroy().text).toContain('101 destroyed');
    expect((await stage.client.volumes.list().all()).filter(({ name }) => name.startsWith(workspace.name))).toEqual([]);
  }, 300_000);

  /** Where the replica of `v` is. */
  async function imageOf(workspace: Workspace): Promise<{ readonly name: string; readonly directory: string }> {
    const found = await stage.client.volumes.get(workspace.id('holdfast_volume.v'));
    const replica = found.replication.replicas[0];
    const pool = await stage.client.pools.get(replica?.pool ?? '');
    const { execFileSync } = await import('node:child_process');
    const directory = execFileSync('find', [pool.spec.path ?? '', '-type', 'd', '-name', `*${replica?.id}*`], { encoding: 'utf8' }).trim().split('\n')[0] ?? '';
    return { name: found.name, directory: path.resolve(directory) };
  }
});
