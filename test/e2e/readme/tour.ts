/**
 * The README's tour as data: the commands of its `console` blocks with the output that is claimed for each, and the
 * comparison of that with what was really said. It runs nothing.
 */

export interface Command {
  /** Heading (###) that it stands below. */
  readonly section: string;
  /** Line of the document, from 1. */
  readonly line: number;
  /** As typed, continuation lines included. */
  readonly typed: string;
  /** Claimed output: `…` within a line stands for anything in it, alone in a line for any lines. */
  readonly claimed: readonly string[];
}

/** @throws Error for a document without such a heading, and for output that stands before any command. */
export function readTour(document: string, heading: string): readonly Command[] {
  const lines = document.split('\n');
  const begin = lines.indexOf(`## ${heading}`);
  if (begin === -1) throw new Error(`there is no heading "## ${heading}"`);
  const commands: { section: string; line: number; typed: string; claimed: string[] }[] = [];
  let section = '';
  let within = false;
  for (const [index, text] of lines.entries()) {
    if (index <= begin) continue;
    if (!within && text.startsWith('## ')) break;
    if (!within && text.startsWith('### ')) section = text.slice(4);
    else if (!within) within = text === '```console';
    else if (text === '```') within = false;
    else if (text.startsWith('$ ')) commands.push({ section, line: index + 1, typed: text.slice(2), claimed: [] });
    else {
      const last = commands.at(-1);
      if (last === undefined) throw new Error(`line ${index + 1} claims output of no command`);
      if (/^>( |$)/.test(text) && last.claimed.length === 0) last.typed += `\n${text.slice(2)}`;
      else last.claimed.push(text);
    }
  }
  return commands;
}

/** Failing is part of the tour where the README shows an error. */
export const mayFail = ({ claimed }: Command): boolean => claimed.some((line) => /^\W*error\b|: error\b/i.test(line));

/** What Docker says of a machine that does not route; containers without a network do not need it. */
const REMARK = /^WARNING: IPv4 forwarding is disabled\. Networking will not work\.\n?/gm;

/** null when the output is as claimed, else what was said. Colours and the width of gaps do not count. */
export function contradiction({ claimed }: Command, output: string): string | null {
  const said = output.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(REMARK, '').split('\n').map((line) => line.trimEnd()).join('\n').trimEnd();
  return patternOf(claimed).test(said === '' ? '' : `${said}\n`) ? null : said;
}

function patternOf(claimed: readonly string[]): RegExp {
  const lines = claimed.map((line) => {
    if (line === '…') return '(?:.*\\n)*?';
    const escaped = line.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return `${escaped.replaceAll('…', '.*').replace(/ +/g, ' +')}\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}
