/**
 * Writes docs/reference/cli.md from the definitions of the commands; a test says when it is out of date.
 * Run it with: node tools/generate-cli-docs.ts
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE, GROUPS, type Entry } from '../src/cli/catalogue.ts';
import type { Command } from '../src/cli/command.ts';

export const REFERENCE = path.join(import.meta.dirname, '../docs/reference/cli.md');

const HEAD = `# The command line

\`holdfast\` speaks to the daemon of a node. This page is written from the commands themselves (\`make docs\`);
\`holdfast COMMAND --help\` says the same.

Every command takes these:

| option | meaning |
|---|---|
| \`-o, --output <format>\` | \`table\` (default), \`wide\` (all columns), \`json\` or \`yaml\`. Lists are \`{"items": […]}\`, whole, whatever their length; single objects are as the API gives them; errors go to standard error in the same form. |
| \`--endpoint <url>\` | Where the daemon is. Default: \`HOLDFAST_ENDPOINT\`, else \`unix:///run/holdfast/holdfast.sock\`. Of a cluster: \`https://host:7480\`, or several with commas between; when one does not answer, the next is asked. |
| \`--ca <file>\` | Root certificate of the cluster, for https. Default: \`HOLDFAST_CA_FILE\`. |
| \`--cert <file>\` | Your certificate, for https. Default: \`HOLDFAST_CERT_FILE\`. |
| \`--key <file>\` | Your private key, for https. Default: \`HOLDFAST_KEY_FILE\`, else \`HOLDFAST_CLIENT_KEY\` (the path, or the key itself). |
| \`-h, --help\` | Help, with examples. |

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 unavailable, 130 interrupted by Ctrl-C
(what was begun goes on, and the message says how to watch or cancel it).

Sizes are whole numbers with a binary unit: \`512M\`, \`10G\`, \`2T\` (G, GB and GiB are all 2^30). Durations are \`30s\`, \`15m\`,
\`12h\`, \`7d\`, or \`0\`. Times are shown in UTC. Colours follow the terminal; \`NO_COLOR=1\` switches them off and
\`FORCE_COLOR=1\` on.

What cannot be undone (\`trash purge\`, \`pool wipe\`, \`volume remove --purge\`) asks on a terminal, and elsewhere needs \`--yes\`.

Completion: \`source <(holdfast completion bash)\`, or \`zsh\`; it completes the names of what there is, too.
`;

/** The whole page. */
export async function renderReference(): Promise<string> {
  const sections = [HEAD];
  let noun = '';
  for (const entry of CATALOGUE.filter(({ hidden }) => hidden !== true)) {
    const group = entry.name.includes(' ') ? (entry.name.split(' ')[0] ?? '') : '';
    if (group !== noun && group !== '') sections.push(`## ${group}\n\n${GROUPS[group] ?? ''}.\n`);
    if (group === '' && noun !== '') sections.push('## More\n');
    if (group === '' && noun === '' && sections.length === 1) sections.push('## Overview\n');
    noun = group;
    sections.push(renderCommand(entry, (await entry.load()).default));
  }
  return sections.join('\n');
}

function renderCommand({ name, summary }: Entry, command: Command): string {
  const positional = Object.values(command.arguments);
  const usage = [`holdfast ${name}`, ...positional.map(({ label, required }) => (required ? label : `[${label}]`)), ...(Object.keys(command.options).length > 0 ? ['[options]'] : [])].join(' ');
  const rows = [
    ...positional.map(({ label, description }) => [label, description]),
    ...Object.values(command.options).flatMap(({ flags, description }) => flags.map((one, index) => [one, description[index] ?? ''])),
  ];
  return [
    `### holdfast ${name}\n`,
    `${summary}.${command.details === '' ? '' : ` ${command.details}`}\n`,
    `    ${usage}\n`,
    ...(rows.length === 0 ? [] : [`| | |\n|---|---|\n${rows.map(([term, meaning]) => `| \`${escaped(term)}\` | ${escaped(meaning)} |`).join('\n')}\n`]),
    `\`\`\`sh\n${command.examples.map(([line, what]) => `# ${what}\nholdfast ${line}`).join('\n')}\n\`\`\`\n`,
  ].join('\n');
}

const escaped = (text = ''): string => text.replaceAll('|', '\\|');

if (import.meta.main) writeFileSync(REFERENCE, await renderReference());
