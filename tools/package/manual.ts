/**
 * Manual pages, written from the definitions of the commands and from the daemon's own help, so that they cannot tell
 * something else. Plain man(7); it prints nothing and reads no clock.
 */
import { CATALOGUE, GROUPS, type Entry } from '../../src/cli/catalogue.ts';
import type { Command } from '../../src/cli/command.ts';

/** Text as roff takes it literally. */
const literal = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/gm, '\\&$1');
const bold = (text: string): string => `\\fB${literal(text)}\\fR`;
/** `code` of the help texts becomes bold; the rest is prose. */
const prose = (text: string): string => text.split('`').map((part, index) => (index % 2 === 1 ? bold(part) : part.replaceAll('\\', '\\e').replace(/^([.'])/gm, '\\&$1'))).join('');

const head = (name: string, section: number, date: string, version: string): string => `.TH ${name.toUpperCase()} ${section} "${date}" "Holdfast ${version}" "Holdfast"\n.nh\n.ad l\n`;

/** holdfast(1): every command in full. @param date ISO day. */
export async function commandManual(version: string, date: string): Promise<string> {
  const shown = CATALOGUE.filter(({ hidden }) => hidden !== true);
  const parts = [
    head('holdfast', 1, date, version),
    '.SH NAME\nholdfast \\- volumes that hold fast while containers move\n',
    `.SH SYNOPSIS\n.B holdfast\n.I command\n[\\fIoptions\\fR]\n`,
    `.SH DESCRIPTION\n${bold('holdfast')} speaks to the daemon of a node, holdfastd(8).\n`,
    '.SH OPTIONS\nEvery command takes these.\n',
    `.TP\n${bold('-o')}, ${bold('--output')} \\fIformat\\fR\n${bold('table')} (default), ${bold('wide')}, ${bold('json')} or ${bold('yaml')}. Lists are {"items": [\\&...]}; errors go to standard error in the same form.\n`,
    `.TP\n${bold('--endpoint')} \\fIurl\\fR\nWhere the daemon is. Default: ${bold('HOLDFAST_ENDPOINT')}, else unix:///run/holdfast/holdfast.sock.\n`,
    `.TP\n${bold('-h')}, ${bold('--help')}\nHelp, with examples.\n`,
  ];
  let noun: string | undefined;
  for (const entry of shown) {
    const group = entry.name.includes(' ') ? (entry.name.split(' ')[0] ?? '') : '';
    if (group !== noun) parts.push(group === '' ? '.SH COMMANDS\n' : `.SH ${group.toUpperCase()} COMMANDS\n${prose(GROUPS[group] ?? '')}.\n`);
    noun = group;
    parts.push(section(entry, (await entry.load()).default));
  }
  parts.push(
    '.SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 unavailable, 130 interrupted (what was begun goes on).\n',
    `.SH FILES\n.TP\n.I /run/holdfast/holdfast.sock\nWhere the daemon of this machine answers.\n`,
    '.SH SEE ALSO\n.BR holdfastd (8),\n.I /usr/share/doc/holdfast\n',
  );
  return parts.join('');
}

function section({ name, summary }: Entry, command: Command): string {
  const positional = Object.values(command.arguments);
  const usage = [bold(`holdfast ${name}`), ...positional.map(({ label, required }) => (required ? `\\fI${literal(label)}\\fR` : `[\\fI${literal(label)}\\fR]`)), ...(Object.keys(command.options).length > 0 ? ['[\\fIoptions\\fR]'] : [])].join(' ');
  const terms = [
    ...positional.map(({ label, description }) => [`\\fI${literal(label)}\\fR`, description] as const),
    ...Object.values(command.options).flatMap(({ flags, description }) => flags.map((one, index) => [bold(one), description[index] ?? ''] as const)),
  ];
  return [
    `.SS ${usage}\n${prose(summary)}.${command.details === '' ? '' : ` ${prose(command.details)}`}\n`,
    ...terms.map(([term, meaning]) => `.TP\n${term}\n${prose(meaning)}\n`),
    ...command.examples.map(([line, what]) => `.P\n${prose(what)}:\n.EX\n  ${literal(`holdfast ${line}`)}\n.EE\n`),
  ].join('');
}

/** holdfastd(8), from what `holdfastd --help` prints. */
export function daemonManual(help: string, version: string, date: string): string {
  const usage = /^Usage: (.*)$/m.exec(help)?.[1] ?? 'holdfastd';
  const rest = help.slice(help.indexOf('\n', help.indexOf('Usage:')) + 1).trim();
  return [
    head('holdfastd', 8, date, version),
    '.SH NAME\nholdfastd \\- the storage daemon of a Holdfast node\n',
    `.SH SYNOPSIS\n${bold(usage)}\n`,
    `.SH DESCRIPTION\n.EX\n${literal(rest)}\n.EE\n`,
    '.SH SERVICE\nWith systemd: ', bold('systemctl restart holdfastd'), ', log in the journal; else ', bold('/etc/init.d/holdfastd'), ', log in /var/log/holdfast.\n',
    'Restarting it, killing it, upgrading and removing its package leave mounted volumes as they are.\n',
    '.SH FILES\n',
    '.TP\n.I /etc/holdfast/holdfastd.json\nSettings; a missing file means the defaults. They are listed in /usr/share/doc/holdfast/operations.md.\n',
    '.TP\n.I /etc/holdfast/pki\nKeys and certificates of a node of a cluster.\n',
    '.TP\n.I /var/lib/holdfast\nThe control store, mounts, device pools.\n',
    '.SH SEE ALSO\n.BR holdfast (1),\n.I /usr/share/doc/holdfast\n',
  ].join('');
}
