/**
 * Writes docs/reference/spec.md from the grammar's table; a test says when it is out of date.
 * Run it with: node tools/generate-spec-docs.ts
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatSize } from '../src/model/bytes.ts';
import { formatDuration } from '../src/model/duration.ts';
import { NAME_RULE } from '../src/model/name.ts';
import { MAX_SPEC_LENGTH } from '../src/model/spec.ts';
import { REFUSED_KEYS, SECRET_KEYS, SPEC_KEYS, type Match, type SpecKey } from '../src/model/spec-grammar.ts';
import { DEFAULT_TRASH_RETENTION_MS, DEFAULT_VOLUME_BYTES, MAX_VOLUME_BYTES, MIN_VOLUME_BYTES, MIN_XFS_BYTES } from '../src/model/volume.ts';

export const SPEC_REFERENCE = path.join(import.meta.dirname, '../docs/reference/spec.md');

const code = (text: string): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

/** What holds when the key is left out. A key without a line here makes this page impossible. */
const DEFAULTS: Readonly<Record<string, string>> = {
  size: code(formatSize(DEFAULT_VOLUME_BYTES)),
  repl: code('1'),
  shared: code('false'),
  fs: `${code('xfs')}; ${code('ext4')} below ${code(formatSize(MIN_XFS_BYTES))}, where XFS refuses`,
  scale: code('1'),
  encryption: code('false'),
  class: code('any'),
  labels: 'none',
  protect: code('false'),
  retention: code(formatDuration(DEFAULT_TRASH_RETENTION_MS)),
  name: 'required',
};

const MATCHES: Readonly<Record<Match, string>> = {
  equal: 'must be the same',
  minimum: 'satisfied by as much or more',
  creation: 'counts when the volume is made',
};

function row({ key, synonyms, unit, example, match }: SpecKey): string {
  const absent = DEFAULTS[key];
  if (absent === undefined) throw new Error(`the default of ${key} has to be written into tools/generate-spec-docs.ts`);
  return `| ${code(key)} | ${codes(synonyms)} | ${unit} | ${code(`${key}=${example}`)} | ${absent} | ${MATCHES[match]} |`;
}

/** The whole page. */
export function renderSpecReference(): string {
  return `# The in-line spec

A volume described where its name would stand, for example in \`docker run --volume size=10G,fs=xfs,name=db:/data\`.
This page is written from the grammar's own table (\`make docs\`).

- \`key=value\` pairs with \`,\` or \`;\` between them, no spaces, at most ${MAX_SPEC_LENGTH} characters. Keys are written as they stand
  here; the order does not matter. \`name\` is required.
- Strict: an unknown, repeated, empty or malformed key is an error that names it. So is a key with its synonym beside it.
- A name is ${NAME_RULE}.
- Sizes are whole numbers with a binary unit: \`G\`, \`GB\` and \`GiB\` all mean 2^30 bytes, in any case. A bare number is an
  error. They are rounded up to 4096 bytes; from ${code(formatSize(MIN_VOLUME_BYTES))} to ${code(formatSize(MAX_VOLUME_BYTES))}, and XFS from ${code(formatSize(MIN_XFS_BYTES))}.

## Keys

| key | synonyms | value | example | when left out | compared with a volume that exists |
|---|---|---|---|---|---|
${SPEC_KEYS.map(row).join('\n')}

The last column is what happens when the spec is used again, which schedulers do for years:

- **satisfied by as much or more**: \`size=10G\` fits a volume of 10 GiB or of 50. A larger wish is a conflict that names the
  command which raises it.
- **must be the same**: anything else is a conflict.
- **counts when the volume is made**: a difference later is told as a warning, and changes nothing.
- What is left out never conflicts.

In Docker's options (\`-o key=value\`, \`volume-opt\`, \`driver_opts\`) the same keys hold; there a comma separates labels, too.

## Known and refused

These are understood, so that a spec which holds them is not misread, and refused with the reason. Values that ask for
nothing are accepted and mean nothing. The same holds for ${codes(['shared=true', 'encryption=true'])} and for ${code('scale')} above 1; ${code('repl')} may not
be more than there are nodes.

| key | also written | accepted | why it is refused | instead |
|---|---|---|---|---|
${REFUSED_KEYS.map(({ key, synonyms, neutral, reason, instead }) => `| ${code(key)} | ${codes(synonyms)} | ${codes(neutral)} | ${reason} | ${instead} |`).join('\n')}

## No secrets

A spec ends up in names, lists and logs. ${codes(SECRET_KEYS)} are refused before anything behind them is read, and their values are
never repeated.
`;
}

if (import.meta.main) writeFileSync(SPEC_REFERENCE, renderSpecReference());
