/**
 * Pages for a provider registry, made from the definitions: one for the provider, and one for each resource, data source,
 * function and ephemeral resource. Pure: no file is written here, equal definitions give equal pages.
 */
import type { ValueType } from '../protocol/value.ts';
import type { Attribute, Attributes, AttributeSpec } from './attribute.ts';
import type { AnyFunction, AnyProvider, AnyResource, ProviderDefinition } from './definition.ts';
import { show } from './plan.ts';

export interface Page {
  /** Below the docs folder, such as `resources/volume.md`. */
  readonly path: string;
  readonly text: string;
}

interface Documented { readonly name: string; readonly description: string; readonly example?: string; readonly attributes: Attributes }

/** All pages, ordered by path. */
export function documentProvider<A extends Attributes, C>(provider: ProviderDefinition<A, C>): Page[] {
  const definition = provider as unknown as AnyProvider;
  const titled = (kind: string, { name }: Documented): string => `${definition.name}_${name} ${kind}`;
  const pages = [
    { path: 'index.md', text: page(`${definition.name} Provider`, definition) },
    ...definition.resources.map((one) => ({ path: `resources/${one.name}.md`, text: page(titled('Resource', one), one, importSection(definition.name, one)) })),
    ...(definition.dataSources ?? []).map((one) => ({ path: `data-sources/${one.name}.md`, text: page(titled('Data Source', one), one) })),
    ...(definition.ephemerals ?? []).map((one) => ({ path: `ephemeral-resources/${one.name}.md`, text: page(titled('Ephemeral Resource', one), one) })),
    ...(definition.functions ?? []).map((one) => ({ path: `functions/${one.name}.md`, text: functionPage(definition.name, one) })),
  ];
  return pages.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function page(title: string, { description, example, attributes }: Documented, ...more: readonly string[]): string {
  return join(frontMatter(title, description), `# ${title}`, description, exampleSection(example), schemaSection(attributes), ...more);
}

function functionPage(provider: string, definition: AnyFunction): string {
  const parameters = [...definition.parameters, ...(definition.variadic === undefined ? [] : [definition.variadic])];
  const signature = parameters.map((one) => `${one.name} ${typeText(one.type.spec.type)}${one === definition.variadic ? '...' : ''}`).join(', ');
  const list = parameters.map((one) => `1. \`${one.name}\` (${typeWords(one.type.spec)}${one === definition.variadic ? ', variadic' : ''}${one.allowNull === true ? ', may be null' : ''}) ${oneLine(one.description)}`);
  return join(
    frontMatter(`${definition.name} Function`, definition.summary), `# ${definition.name} Function`, definition.description, exampleSection(definition.example),
    `## Signature\n\n\`\`\`text\nprovider::${provider}::${definition.name}(${signature}) ${typeText(definition.returns.spec.type)}\n\`\`\``,
    list.length > 0 ? `## Arguments\n\n${list.join('\n')}` : '',
  );
}

const join = (...sections: readonly string[]): string => `${sections.filter((section) => section !== '').map((section) => section.trim()).join('\n\n')}\n`;
const frontMatter = (title: string, description: string): string =>
  `---\npage_title: ${JSON.stringify(title)}\ndescription: |-\n  ${firstSentence(description)}\n---`;
const exampleSection = (example: string | undefined): string => (example === undefined ? '' : `## Example Usage\n\n\`\`\`terraform\n${example.trim()}\n\`\`\``);
const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');
const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/.exec(oneLine(text))?.[0] ?? oneLine(text);

function schemaSection(attributes: Attributes): string {
  const nested: string[] = [];
  const top = groups(attributes, '###', '', nested);
  return join('## Schema', top === '' ? 'There is nothing to configure.' : top, ...nested);
}

/** The attributes under Required, Optional and Read-Only; sections of nested ones go to `nested`. */
function groups(attributes: Attributes, heading: string, prefix: string, nested: string[]): string {
  const of = (title: string, wanted: (spec: AttributeSpec) => boolean): string => {
    const lines = Object.entries(attributes).filter(([, { spec }]) => wanted(spec)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, attribute]) => line(name, attribute, prefix, nested));
    return lines.length === 0 ? '' : `${heading} ${title}\n\n${lines.join('\n')}`;
  };
  return [of('Required', ({ presence }) => presence === 'required'), of('Optional', ({ presence }) => presence !== 'required' && presence !== 'computed'), of('Read-Only', ({ presence }) => presence === 'computed')]
    .filter((group) => group !== '').join('\n\n');
}

function line(name: string, { spec }: Attribute, prefix: string, nested: string[]): string {
  const id = `${prefix}${name}`;
  const marks = [typeWords(spec), ...(spec.sensitive ? ['Sensitive'] : []), ...(spec.writeOnly ? ['Write-only'] : []), ...(spec.deprecated === undefined ? [] : ['Deprecated'])].join(', ');
  const notes = [
    oneLine(spec.description),
    spec.defaultValue === undefined || /\bdefault\b/i.test(spec.description) ? '' : `Default \`${show(spec.defaultValue())}\`.`,
    spec.deprecated === undefined ? '' : `Deprecated: ${oneLine(spec.deprecated)}`,
    spec.nested === undefined ? '' : `See [below](#nestedatt--${id.replaceAll('.', '--')}).`,
  ].filter((note) => note !== '');
  if (spec.nested !== undefined) {
    const inner: string[] = [];
    const body = groups(spec.nested.attributes, '####', `${id}.`, inner);
    nested.push(`<a id="nestedatt--${id.replaceAll('.', '--')}"></a>\n### Nested Schema for \`${id}\`\n\n${body}`, ...inner);
  }
  return `- \`${name}\` (${marks}) ${notes.join(' ')}`.trimEnd();
}

const KINDS = { single: 'Attributes', list: 'Attributes List', set: 'Attributes Set', map: 'Attributes Map' } as const;
const typeWords = ({ type, nested }: AttributeSpec): string => (nested === undefined ? words(type) : KINDS[nested.nesting]);
function words(type: ValueType): string {
  if (typeof type === 'string') return { string: 'String', number: 'Number', bool: 'Boolean', dynamic: 'Dynamic' }[type];
  if (type[0] === 'object' || type[0] === 'tuple') return 'Object';
  return `${{ list: 'List', set: 'Set', map: 'Map' }[type[0]]} of ${words(type[1])}`;
}
/** A type as HCL writes it. */
function typeText(type: ValueType): string {
  if (typeof type === 'string') return type;
  if (type[0] === 'object') return `object({${Object.entries(type[1]).map(([name, inner]) => `${name} = ${typeText(inner)}`).join(', ')}})`;
  return type[0] === 'tuple' ? `tuple([${type[1].map(typeText).join(', ')}])` : `${type[0]} of ${typeText(type[1])}`;
}

function importSection(provider: string, resource: AnyResource<unknown>): string {
  const { name, identity, importHelp } = resource;
  if (!('import' in resource)) return '';
  const attributes = Object.entries(identity?.attributes ?? {});
  const byIdentity = attributes.length === 0 ? '' : join(
    'With Terraform 1.12 or later, by identity:',
    `\`\`\`terraform\nimport {\n  to = ${provider}_${name}.example\n  identity = {\n${attributes.map(([key]) => `    ${key} = "..."`).join('\n')}\n  }\n}\n\`\`\``,
    attributes.map(([key, { type, description, optionalForImport }]) => `- \`${key}\` (${words(type)}, ${optionalForImport === true ? 'optional' : 'required'}) ${oneLine(description)}`).join('\n'),
  );
  return join('## Import', importHelp ?? '', byIdentity);
}
