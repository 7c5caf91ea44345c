/** What the commands that converge this machine have in common: where the token is, which programs run, what is shown. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { converge, type Converged } from '../bootstrap/converge.ts';
import { plainChange } from '../bootstrap/change.ts';
import type { ServiceName } from '../bootstrap/facts.ts';
import { placesBelow } from '../bootstrap/places.ts';
import type { Wanted } from '../bootstrap/wanted.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Context } from './context.ts';
import { count } from './format.ts';
import type { Host } from './host.ts';
import { changeLines } from './views/change.ts';

export interface ConvergenceOptions {
  readonly root: string | undefined;
  readonly plan: boolean;
  /** What the machine is measured by, for the last line: `node.json`. */
  readonly by: string;
}

/** @returns what was done, or with `plan` would be. Everything that is to be seen has been printed. */
export async function carryOutConvergence({ host, out }: Context, wanted: Wanted, { root = '/', plan, by }: ConvergenceOptions): Promise<Converged> {
  const shown = !plan && out.human;
  const result = await converge({
    wanted, root, plan, token: () => readToken(host, wanted), programs: programsOf(host, root), handOver: root === '/' && isInstalled(host),
    onBegin: ({ what, name, action }) => { if (shown && host.stderr.isTTY === true) out.note(`${what} ${name}: ${action} …`); },
    onDone: (change) => {
      if (shown) for (const line of changeLines(change, out.layout)) out.print(line);
      else if (!plan) host.stderr.write(`${change.what} ${change.name}: ${change.action}\n`);
    },
    onWaiting: (what) => {
      if (shown) out.note(`waiting: ${what}`);
      else if (!plan) host.stderr.write(`waiting: ${what}\n`);
    },
  });
  const changes = [...madeBefore(host), ...result.changes.map(plainChange)];
  if (result.handOver) host.again({ [MADE]: JSON.stringify(changes) });
  await out.object({ changes, changed: changes.length, plan, node: result.node, admin_certificate: result.admin_certificate, ca_certificate: result.ca_certificate, ca_sha256: result.ca_sha256, endpoints: result.endpoints }, () => [
    ...(plan ? changes.flatMap((change) => changeLines(change, out.layout)) : []),
    changes.length === 0 ? `nothing to do: ${wanted.name} is as ${by} says` : plan ? `${count(changes.length, 'change')} to make; nothing was done` : `${wanted.name} is as ${by} says now: ${count(changes.length, 'change')} made`,
  ]);
  return result;
}

/** What an older version of this command did before it handed over to this one; for that only. */
const MADE = 'HOLDFAST_CONVERGE_MADE';
const madeBefore = ({ env }: Host): readonly ReturnType<typeof plainChange>[] => JSON.parse(env[MADE] ?? '[]') as readonly ReturnType<typeof plainChange>[];

/** Whether a package put this program where it is. */
const isInstalled = ({ program }: Host): boolean => ['/usr/lib/holdfast/', '/opt/holdfast/'].some((home) => program.script.startsWith(home));

/** From the file that is named, else from the environment; never from the command line. */
async function readToken(host: Host, { cluster }: Wanted): Promise<string | null> {
  const file = cluster?.by === 'join' ? cluster.token_file : null;
  if (file === null) return host.env['HOLDFAST_JOIN_TOKEN'] ?? null;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const env = host.env['HOLDFAST_JOIN_TOKEN'];
    if (env !== undefined) return env;
    throw new HoldfastError('invalid_argument', `the join token cannot be read from ${file}: ${(cause as Error).message}`, { object: 'join token', field: 'token_file', hint: 'Make one on a node of the cluster: holdfast cluster token create --for node' }, { cause });
  }
}

/** Where no service manager keeps them: the daemon that lies beside this command, and the etcd of the path. */
function programsOf({ program: { node, script } }: Host, root: string): Readonly<Record<ServiceName, readonly string[]>> {
  const sources = script.endsWith('.ts');
  const daemon = path.join(path.dirname(script), sources ? '../daemon/main.ts' : 'holdfastd.mjs');
  return {
    holdfastd: [node, ...(sources ? ['--disable-warning=ExperimentalWarning'] : []), daemon, '--root', root],
    'holdfast-etcd': ['etcd', '--config-file', placesBelow(root).etcdConfig],
  };
}
