/** The daemon's configuration: a JSON file, then flags over it. Unknown keys are errors: a misspelt setting must not pass silently. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { HoldfastError } from '../model/errors.ts';
import { pathsBelow } from './paths.ts';

const Schema = Type.Object({
  node_name: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$', description: 'Name of this node. Default: the host name.' })),
  socket: Type.Optional(Type.String({ pattern: '^/', description: 'Unix socket of the REST API. Default: <root>/run/holdfast/holdfast.sock.' })),
  plugin_socket: Type.Optional(Type.Union([Type.String({ pattern: '^/' }), Type.Null()], { description: 'Unix socket of the Docker volume driver; its file name is the driver\'s name. null: no driver. Default: <root>/run/docker/plugins/holdfast.sock.' })),
  log_level: Type.Optional(Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], { description: 'Default: info.' })),
  reconcile_interval_ms: Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000, description: 'Between two looks of the loop. Default: 5000.' })),
  consumer_grace_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000, description: 'How long a Docker mount that no container uses is waited for. Default: 120000.' })),
}, { additionalProperties: false });

type File = Static<typeof Schema>;
export interface Config extends Required<Omit<File, 'plugin_socket'>> {
  readonly root: string;
  readonly plugin_socket: string | null;
}

const checker = Compile(Schema);

/**
 * @param file the configuration file; a missing one is an error only when it was named (`required`).
 * @param overrides from flags; undefined leaves the file's value.
 */
export function loadConfig(root: string, file: { readonly path: string; readonly required: boolean }, overrides: Partial<File>): Config {
  const paths = pathsBelow(root);
  const given = { ...readFile(file.path, file.required), ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) };
  if (!checker.Check(given)) {
    const [fault] = checker.Errors(given);
    const extra = Object.keys(given).find((key) => !(key in Schema.properties));
    throw new HoldfastError('invalid_argument', `${file.path}: ${extra === undefined ? `${fault?.instancePath.slice(1) ?? ''} ${fault?.message ?? 'is wrong'}` : `"${extra}" is not a setting`}`, {
      object: 'configuration', field: extra ?? fault?.instancePath.slice(1) ?? '', hint: `The settings are: ${Object.keys(Schema.properties).join(', ')}.`,
    });
  }
  return {
    root,
    node_name: given.node_name ?? nameOfHost(),
    socket: given.socket ?? paths.socket,
    plugin_socket: given.plugin_socket === undefined ? paths.pluginSocket : given.plugin_socket,
    log_level: given.log_level ?? 'info',
    reconcile_interval_ms: given.reconcile_interval_ms ?? 5_000,
    consumer_grace_ms: given.consumer_grace_ms ?? 120_000,
  };
}

function readFile(path: string, required: boolean): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new HoldfastError('invalid_argument', `${path} cannot be read: ${(error as Error).message}`, { object: 'configuration', hint: 'Name another with --config.' }, { cause: error });
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch (error) {
    throw new HoldfastError('invalid_argument', `${path} is not JSON: ${(error as Error).message}`, { object: 'configuration' }, { cause: error });
  }
  throw new HoldfastError('invalid_argument', `${path} must hold a JSON object`, { object: 'configuration' });
}

/** A host name that is no name of ours becomes one. */
function nameOfHost(): string {
  const name = hostname().toLowerCase().replace(/[^a-z0-9._-]/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, 63);
  return name === '' ? 'node' : name;
}
