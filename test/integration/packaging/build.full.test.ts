// What `make package` makes: the same bytes every time, the right things at the right places, nothing writable by others,
// and programs of the architecture that the name says.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { VERSION } from '../../../src/model/version.ts';
import { ARCHITECTURE, buildPackages, builtPackages } from '../../lab/packages.ts';
import { command, describeIf } from '../../lab/needs.ts';
import { must, run } from '../../lab/run.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const ARCHITECTURES = ['amd64', 'arm64'] as const;
/** e_machine of an ELF file. */
const MACHINE = { amd64: 62, arm64: 183 } as const;

describeIf(command('dpkg-deb'), 'packages', () => {
  let work = '';
  const first = (): string => path.join(work, 'first');
  const debOf = (architecture: string): string => path.join(first(), `holdfast_${VERSION}_${architecture}.deb`);
  const tarballOf = (architecture: string): string => path.join(first(), `holdfast-${VERSION}-linux-${architecture}.tar.gz`);
  const unpacked = (architecture: string): string => path.join(work, `unpacked-${architecture}`);
  beforeAll(async () => {
    work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-packages-'));
    await buildPackages(first(), ARCHITECTURES, { SOURCE_DATE_EPOCH: '1790000000' });
    for (const architecture of ARCHITECTURES) await must(['dpkg-deb', '-R', debOf(architecture), unpacked(architecture)]);
  }, 600_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  test('built again elsewhere, later, in another time zone and with another umask, they are the same bytes', async () => {
    const second = path.join(work, 'second');
    await must(['sh', '-ec', 'umask 077; exec "$0" "$@"', process.execPath, path.join(TOP, 'tools/package.ts'), 'amd64'], {
      env: { ...process.env, NODE_OPTIONS: '', OUT: second, SOURCE_DATE_EPOCH: '1790000000', TZ: 'Asia/Tokyo', LC_ALL: 'C' }, timeoutMs: 600_000,
    });
    const sumsOf = (folder: string): string[] => readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8').split('\n').filter((line) => line.includes('amd64'));
    expect(sumsOf(second)).toHaveLength(2);
    expect(sumsOf(second)).toEqual(sumsOf(first()));
  }, 600_000);

  test('SHA256SUMS names every package, and sha256sum agrees', async () => {
    await must(['sh', '-ec', 'cd "$0" && sha256sum -c --quiet SHA256SUMS', first()]);
    const named = readFileSync(path.join(first(), 'SHA256SUMS'), 'utf8').trim().split('\n').map((line) => line.slice(66)).sort();
    expect(named).toEqual(readdirSync(first()).filter((name) => name !== 'SHA256SUMS').sort());
  });

  test.each(ARCHITECTURES)('the package for %s belongs to root and can be written by nobody else', async (architecture) => {
    const lines = (await must(['dpkg-deb', '-c', debOf(architecture)])).trim().split('\n');
    for (const line of lines) {
      expect(line).toMatch(/^\S+ root\/root /);
      expect(line).toMatch(line.startsWith('l') ? /^l/ : /^[-d]rw.r-.r-[-x] |^drwx--x--x .* \.\/var\/lib\/holdfast\/$/);
    }
    const modeOf = (file: string): string | undefined => lines.find((line) => line.split(' -> ')[0]?.endsWith(` ./${file}`))?.slice(0, 10);
    for (const program of ['usr/lib/holdfast/bin/node', 'usr/lib/holdfast/bin/holdfast', 'usr/lib/holdfast/bin/holdfastd', 'usr/lib/holdfast/libexec/etcd-prepare', 'etc/init.d/holdfastd', 'etc/init.d/holdfast-etcd']) {
      expect([program, modeOf(program)]).toEqual([program, '-rwxr-xr-x']);
    }
    for (const file of ['lib/systemd/system/holdfastd.service', 'lib/systemd/system/holdfast-etcd.service', 'etc/logrotate.d/holdfast', 'etc/default/holdfastd', 'usr/lib/holdfast/dist/holdfastd.mjs', 'usr/share/man/man1/holdfast.1.gz', 'usr/share/man/man8/holdfastd.8.gz', 'usr/share/bash-completion/completions/holdfast', 'usr/share/zsh/vendor-completions/_holdfast', 'usr/share/doc/holdfast/copyright', 'usr/share/doc/holdfast/third-party-licences.gz']) {
      expect([file, modeOf(file)]).toEqual([file, '-rw-r--r--']);
    }
    expect(lines.filter((line) => line.startsWith('l')).map((line) => line.slice(line.indexOf('./') + 2))).toEqual(['usr/bin/holdfast -> ../lib/holdfast/bin/holdfast', 'usr/sbin/holdfastd -> ../lib/holdfast/bin/holdfastd']);
    expect([modeOf('etc/holdfast/'), modeOf('var/lib/holdfast/')]).toEqual(['drwxr-xr-x', 'drwx--x--x']);
  });

  test.each(ARCHITECTURES)('what is native in the package for %s is of that architecture', (architecture) => {
    const native = readdirSync(unpacked(architecture), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('/bin/node') || file.endsWith('.node'));
    expect(native).toHaveLength(2);
    for (const file of native) {
      const head = readFileSync(path.join(unpacked(architecture), file)).subarray(0, 20);
      expect([file, head.subarray(0, 4).toString('latin1'), head.readUInt16LE(18)]).toEqual([file, '\x7fELF', MACHINE[architecture]]);
    }
  });

  test.each(ARCHITECTURES)('control files for %s: checksums of every file but the conffiles, which are all of /etc', async (architecture) => {
    const at = unpacked(architecture);
    await must(['sh', '-ec', 'cd "$0" && md5sum -c --quiet DEBIAN/md5sums', at]);
    const conffiles = readFileSync(path.join(at, 'DEBIAN/conffiles'), 'utf8').trim().split('\n');
    const inEtc = (await must(['find', path.join(at, 'etc'), '-type', 'f', '-printf', '/etc/%P\n'])).trim().split('\n');
    expect(conffiles).toEqual(inEtc.sort());
    const summed = readFileSync(path.join(at, 'DEBIAN/md5sums'), 'utf8').trim().split('\n').map((line) => `/${line.slice(34)}`);
    const files = (await must(['find', at, '-type', 'f', '-not', '-path', '*/DEBIAN/*', '-printf', '/%P\n'])).trim().split('\n');
    expect([...summed, ...conffiles].sort()).toEqual(files.sort());
    expect(await must(['dpkg-deb', '-f', debOf(architecture), 'Version', 'Architecture'])).toBe(`Version: ${VERSION}\nArchitecture: ${architecture}\n`);
  });

  test('of npm packages only koffi is carried as files; what is bundled is named with its licence', async () => {
    const modules = path.join(unpacked('amd64'), 'usr/lib/holdfast/node_modules');
    expect(readdirSync(modules).sort()).toEqual(['@koromix', 'koffi']);
    expect(readdirSync(path.join(modules, '@koromix'))).toEqual(['koffi-linux-x64']);
    const licences = await must(['gzip', '-dc', path.join(unpacked('amd64'), 'usr/share/doc/holdfast/third-party-licences.gz')]);
    for (const name of ['Node.js', 'fastify', 'koffi', 'pino', 'commander']) expect(licences).toMatch(new RegExp(`^${name.replace('.', '\\.')}( \\d|$)`, 'm'));
  });

  test('a version that cannot be one, and an architecture that there is not, are refused', async () => {
    const package_ = (words: readonly string[], version: string) => run([process.execPath, path.join(TOP, 'tools/package.ts'), ...words], { env: { ...process.env, NODE_OPTIONS: '', VERSION: version, OUT: path.join(work, 'refused') } });
    expect(await package_([], '../evil')).toMatchObject({ status: 2, stderr: expect.stringContaining('VERSION="../evil"') as unknown });
    expect(await package_(['mips'], '')).toMatchObject({ status: 2, stderr: expect.stringContaining('"mips"') as unknown });
  });

  describe('the relocatable archive', () => {
    test.each(ARCHITECTURES)('for %s holds one folder, root\'s by number', async (architecture) => {
      const lines = (await must(['tar', '-tvzf', tarballOf(architecture), '--numeric-owner'])).trim().split('\n');
      const folder = `holdfast-${VERSION}-linux-${architecture}`;
      for (const line of lines) expect(line).toMatch(new RegExp(`^[-d]rw.r-.r-. 0/0 .* ${folder.replaceAll('.', '\\.')}/`));
    });

    test('runs from wherever it lies, by links, and with an empty PATH', async () => {
      const away = path.join(work, 'a folder with blanks');
      mkdirSync(away);
      await must(['tar', '-xzf', tarballOf(ARCHITECTURE), '-C', away]);
      const bin = path.join(away, `holdfast-${VERSION}-linux-${ARCHITECTURE}/bin`);
      symlinkSync(path.join(bin, 'holdfast'), path.join(work, 'holdfast'));
      const bare = (program: string, ...words: string[]) => run([program, ...words], { env: { PATH: '' } });
      expect(await bare(path.join(bin, 'holdfastd'), '--version')).toMatchObject({ status: 0, stdout: `holdfastd ${VERSION}\n` });
      for (const program of [path.join(bin, 'holdfast'), path.join(work, 'holdfast')]) {
        expect(await bare(program, '--endpoint', `unix://${work}/nobody.sock`, 'version')).toMatchObject({ status: 0, stdout: expect.stringContaining(VERSION) as unknown });
      }
    });
  });

  describeIf(command('objdump'), 'on old systems', () => {
    test.each(ARCHITECTURES)('the programs for %s ask for no glibc after 2.28', async (architecture) => {
      const at = path.join(unpacked(architecture), 'usr/lib/holdfast');
      const cpu = architecture === 'amd64' ? 'x64' : 'arm64';
      for (const file of ['bin/node', `node_modules/@koromix/koffi-linux-${cpu}/linux_${cpu}/koffi.node`]) {
        const needed = [...(await must(['objdump', '-p', path.join(at, file)])).matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
        expect(needed.length).toBeGreaterThan(0);
        expect({ file, tooNew: needed.filter((minor) => minor > 28) }).toEqual({ file, tooNew: [] });
      }
    });
  });

  describeIf(command('lintian'), 'Debian\'s rules', () => {
    test('lintian has nothing to say of the package', async () => {
      expect(await run(['lintian', '--allow-root', '--fail-on', 'error,warning', debOf('amd64')], { timeoutMs: 300_000 })).toMatchObject({ status: 0, stdout: '' });
    }, 300_000);
  });

  describeIf(command('groff'), 'manual pages', () => {
    test.each(['man1/holdfast.1.gz', 'man8/holdfastd.8.gz'])('%s is set without a complaint', async (page) => {
      const set = await run(['sh', '-ec', 'gzip -dc "$0" | groff -man -Tutf8 -ww -rLL=100n', path.join(unpacked('amd64'), 'usr/share/man', page)]);
      expect({ status: set.status, stderr: set.stderr }).toEqual({ status: 0, stderr: '' });
      expect(set.stdout).toContain(`Holdfast ${VERSION}`);
    });
  });
});

describeIf(command('dpkg-deb'), 'a version of one\'s own', () => {
  test('is that of the package and of what the programs say, and the sources stay as they are', async () => {
    const { deb, tarball } = await builtPackages('0.1.1~test');
    expect(await must(['dpkg-deb', '-f', deb, 'Version'])).toBe('0.1.1~test\n');
    const work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-packages-'));
    try {
      await must(['tar', '-xzf', tarball, '-C', work]);
      expect(await must([path.join(work, `holdfast-0.1.1~test-linux-${ARCHITECTURE}/bin/holdfastd`), '--version'])).toBe('holdfastd 0.1.1~test\n');
    } finally {
      rmSync(work, { recursive: true });
    }
    expect(VERSION).not.toContain('~');
  }, 600_000);
});
