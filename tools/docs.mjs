// Writes docs/reference from what was built: cli.md from the command line's own help, provider/*.md from the schema that
// Terraform reads. (docs/reference/openapi.json comes from tools/generate-client.mjs.) Nothing in there is edited by hand.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { providerSchema, source } from './provider-schema.mjs';

const top = path.dirname(import.meta.dirname);
const reference = path.join(top, 'docs/reference');
const written = (file, text) => {
  mkdirSync(path.dirname(path.join(reference, file)), { recursive: true });
  writeFileSync(path.join(reference, file), `${text.trimEnd()}\n`);
};

// ── The command line: every command's help, found by following the list of commands in each.
const help = (words) => execFileSync(path.join(top, 'bin/holdfast'), [...words, '--help'], { encoding: 'utf8', env: { ...process.env, COLUMNS: '100', NO_COLOR: '1' } });

function* commands(words = []) {
  const text = help(words);
  yield { words, text };
  const [, list = ''] = text.split(/^Commands:\n/m);
  for (const [, name] of list.split(/\n\n/)[0].matchAll(/^ {2}([a-z][a-z-]*)/gm)) {
    if (name !== 'help') yield* commands([...words, name]);
  }
}

written('cli.md', `# The command line\n\n${[...commands()]
  .map(({ words, text }) => `## holdfast ${words.join(' ')}`.trimEnd() + `\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\``).join('\n\n')}`);

// ── The provider: one page for it, and one for each resource, data source and function.
const schema = providerSchema().provider_schemas[`registry.terraform.io/${source}`];
const typeOf = (type) => (Array.isArray(type) ? (type[0] === 'object' ? 'object' : `${type[0]} of ${typeOf(type[1])}`) : type);
const inCell = (text = '') => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function attributes(fields, prefix = '') {
  return Object.entries(fields).sort(([a], [b]) => a.localeCompare(b)).flatMap(([name, field]) => {
    const nested = field.nested_type;
    const type = nested === undefined ? typeOf(field.type) : nested.nesting_mode === 'single' ? 'object' : `${nested.nesting_mode} of objects`;
    const use = field.required ? 'required' : field.optional ? 'optional' : 'read only';
    const row = `| \`${prefix}${name}\` | ${type} | ${use} | ${inCell(field.description)} |`;
    return [row, ...(nested === undefined ? [] : attributes(nested.attributes, `${prefix}${name}.`))];
  });
}

const page = (title, block) => [`# ${title}`, block.description ?? '', '| attribute | type | use | what it is |\n|---|---|---|---|\n' + attributes(block.attributes ?? {}).join('\n')].filter(Boolean).join('\n\n');

rmSync(path.join(reference, 'provider'), { recursive: true, force: true });
written('provider/index.md', page(`Provider \`${source}\``, schema.provider.block));
for (const [name, { block }] of Object.entries(schema.resource_schemas ?? {})) written(`provider/resources/${name}.md`, page(`Resource \`${name}\``, block));
for (const [name, { block }] of Object.entries(schema.data_source_schemas ?? {})) written(`provider/data-sources/${name}.md`, page(`Data source \`${name}\``, block));
for (const [name, one] of Object.entries(schema.functions ?? {})) {
  const parameters = [...(one.parameters ?? []), ...(one.variadic_parameter === undefined ? [] : [{ ...one.variadic_parameter, name: `${one.variadic_parameter.name}…` }])];
  const signature = `provider::holdfast::${name}(${parameters.map((each) => each.name).join(', ')}) → ${typeOf(one.return_type)}`;
  const rows = parameters.map((each) => `| \`${each.name}\` | ${typeOf(each.type)} | ${inCell(each.description)} |`).join('\n');
  written(`provider/functions/${name}.md`, [`# Function \`${name}\``, one.description ?? one.summary ?? '', `\`\`\`text\n${signature}\n\`\`\``, `| parameter | type | what it is |\n|---|---|---|\n${rows}`].filter(Boolean).join('\n\n'));
}
