import { describe, expect, it } from '@jest/globals';
import { CATALOGUE, GROUPS } from '../../../src/cli/catalogue.ts';
import { commandWords } from '../../../src/cli/program.ts';
import { holdfast, NOWHERE } from './fake-host.ts';

const visible = CATALOGUE.filter(({ hidden }) => hidden !== true);

describe('help', () => {
  it('alone shows all commands, and so does no word at all', async () => {
    const ran = await holdfast(['--help']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    for (const word of [...Object.keys(GROUPS), 'status', 'completion', 'support-bundle']) expect(ran.out).toMatch(new RegExp(`^  ${word}\\b`, 'm'));
    expect(ran.out).not.toContain('__complete');
    expect(await holdfast([])).toEqual(ran);
  });
  it.each(visible.map(({ name }) => name))('of "%s" says what it does, its options and an example', async (name) => {
    const { code, out } = await holdfast([...name.split(' '), '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: holdfast ${name}\\b`));
    expect(out).toMatch(/Examples:\n {2}# .+\n {2}holdfast /);
    expect(out).toContain('--endpoint <url>');
    expect(await holdfast(['help', ...name.split(' ')])).toMatchObject({ code: 0, out });
  });
  it('is coloured on a terminal only', async () => {
    expect((await holdfast(['volume', '--help'])).out).not.toContain('\u001b');
    expect((await holdfast(['volume', '--help'], { terminal: true, env: { TERM: 'xterm' } })).out).toContain('\u001b[36m');
  });
});

describe('every command', () => {
  it('is named once, with options that are named once', async () => {
    expect(new Set(CATALOGUE.map(({ name }) => name)).size).toBe(CATALOGUE.length);
    for (const entry of CATALOGUE) {
      const names = Object.values((await entry.load()).default.options).flatMap(({ flags }) => flags.flatMap((one) => one.replace(/ <.*/, '').split(', ')));
      expect(new Set([...names, '-o', '--output', '--endpoint', '-h', '--help']).size).toBe(names.length + 5);
    }
  });
  it('has an example that is one of its own', async () => {
    for (const entry of visible) {
      const { examples } = (await entry.load()).default;
      expect(examples.length).toBeGreaterThan(0);
      for (const [line] of examples) expect(`${line} `).toMatch(new RegExp(`^${entry.name} `));
    }
  });
  it('says each option as a sentence', async () => {
    for (const entry of visible) {
      const { options, arguments: words } = (await entry.load()).default;
      for (const text of [...Object.values(options).flatMap(({ description }) => description), ...Object.values(words).map(({ description }) => description)]) expect(text).toMatch(/^[A-Z].*\.$|^bash or zsh\.$/);
    }
  });
});

describe('wrong usage exits with 2 and points to the help', () => {
  it.each([
    [['volum'], 'error: unknown command \'volum\'\n  hint: Did you mean "volume"? See holdfast --help.\n'],
    [['volume', 'lst'], 'error: unknown command \'lst\'\n  hint: Did you mean "list"? See holdfast volume --help.\n'],
    [['volume', 'hand-over', 'db'], "error: unknown command 'hand-over'\n  hint: See holdfast volume --help.\n"],
    [['volume', 'mount', 'db'], "error: missing required argument 'PATH'\n  hint: See holdfast volume mount --help.\n"],
    [['version', 'x'], "error: too many arguments for 'version'. Expected 0 arguments but got 1: x.\n  hint: See holdfast version --help.\n"],
    [['volume', 'list', '--poool', 'x'], 'error: unknown option \'--poool\'\n  hint: Did you mean "--pool"? See holdfast volume list --help.\n'],
    [['volume', 'list', '--pool'], "error: option '--pool <pool>' argument missing\n  hint: See holdfast volume list --help.\n"],
    [['snapshot'], 'error: say what to do with snapshot: create, list, inspect, restore, clone, remove\n  hint: See holdfast snapshot --help.\n'],
    [['-o', 'xml', 'status'], "error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, wide, json, yaml.\n  hint: See holdfast status --help.\n"],
    [['volume', 'create', 'db', '--size', '10'], 'error: --size: "10" is not a size\n  hint: Write the unit: --size=10G, or 10M for mebibytes.\n'],
    [['volume', 'create', 'db', '--size', '1G', '--size', '2G'], 'error: --size is given twice\n  hint: Keep one of them.\n'],
    [['volume', 'create', 'size=1G,name=db', '--size', '2G'], 'error: size: the spec says 1G and the option says 2G\n  volume db / size\n  hint: Say it once, or say the same twice.\n'],
    [['volume', 'create', 'db', '--label', 'x'], 'error: --label: "x" is not key=value\n  hint: For example --label app=shop.\n'],
    [['volume', 'update', 'db'], 'error: say what to change of volume db\n  volume db\n  hint: See --help for what can be changed.\n'],
    [['pool', 'create', 'p'], 'error: say what the pool is made of: --path or --device\n  pool p / --path\n  hint: For example: --path /srv/holdfast, or --device /dev/sdb.\n'],
    [['pool', 'wipe'], 'error: name one --path or one --device\n  hint: For example: holdfast pool wipe --path /srv/holdfast\n'],
    [['trash', 'purge'], 'error: name a volume, or give --all\n  VOLUME\n  hint: What is there: holdfast trash list\n'],
    [['completion', 'fish'], 'error: there is no completion for "fish"\n  SHELL\n  hint: One of: bash, zsh.\n'],
    [['--endpoint', 'ftp://x', 'status'], 'error: endpoint "ftp://x" is neither unix:// nor http:// nor https://\n  hint: For example unix:///run/holdfast/holdfast.sock or https://storage.example:7480.\n'],
  ])('%j', async (words, err) => {
    expect(await holdfast(words)).toEqual({ code: 2, out: '', err });
  });
  it('as JSON or YAML where that was asked for, wherever it stands', async () => {
    for (const words of [['-o', 'json', 'volume', 'lst'], ['volume', 'lst', '--output=json'], ['-ojson', 'volume', 'lst']]) {
      expect(JSON.parse((await holdfast(words)).err)).toEqual({ code: 'invalid_argument', message: "unknown command 'lst'", detail: { hint: 'Did you mean "list"? See holdfast volume --help.' }, retryable: false });
    }
    expect((await holdfast(['volume', 'lst', '-o', 'yaml'])).err).toMatch(/^code: invalid_argument\nmessage: unknown command 'lst'\n/);
  });
});

describe('without a daemon', () => {
  it('a command exits with 5 and says what to do', async () => {
    const { code, out, err } = await holdfast(['status']);
    expect({ code, out }).toEqual({ code: 5, out: '' });
    expect(err).toBe('error: holdfastd cannot be reached: there is no socket at /nowhere/holdfast.sock\n  endpoint unix:///nowhere/holdfast.sock\n  hint: Is holdfastd running? Start it as root ("holdfastd"), or name its endpoint (--endpoint, HOLDFAST_ENDPOINT).\n');
  });
  it('--endpoint goes before the environment', async () => {
    expect((await holdfast(['--endpoint', 'unix:///other.sock', 'status'])).err).toContain('/other.sock');
    expect((await holdfast(['status', '--endpoint=unix:///other.sock'])).err).toContain('/other.sock');
  });
  it('version says both, and exits with 0', async () => {
    const { code, out } = await holdfast(['version', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ client: '0.1.0', daemon: null });
  });
  it('completion offers nothing, and is silent', async () => {
    expect(await holdfast(['__complete', '--', 'volume\ninspect\n'], { env: { HOLDFAST_ENDPOINT: NOWHERE } })).toEqual({ code: 0, out: '', err: '' });
  });
});

it('errors are coloured and wrapped on a terminal', async () => {
  const { err } = await holdfast(['status'], { terminal: true, columns: 60, env: { TERM: 'xterm' } });
  expect(err.startsWith('\u001b[31m\u001b[1merror:')).toBe(true);
  for (const line of err.replace(/\u001b\[\d+m/g, '').split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});

it('the words that name a command are found behind the options of the program', () => {
  expect(commandWords(['-o', 'json', 'volume', 'create', 'db'])).toEqual(['volume', 'create']);
  expect(commandWords(['--endpoint=unix:///x', 'status'])).toEqual(['status']);
  expect(commandWords(['volume', 'nonsense'])).toEqual(['volume']);
  expect(commandWords(['nonsense'])).toEqual([]);
});

it('an NFS export is no pool yet, and that is said before anybody is asked', async () => {
  expect(await holdfast(['pool', 'create', 'p', '--export', 'files.example:/srv', '--endpoint', NOWHERE])).toMatchObject({ code: 1, err: expect.stringMatching(/NFS exports are not served by this version: files\.example:\/srv/) as unknown });
});
