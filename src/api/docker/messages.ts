/**
 * Docker's volume plugin protocol (v1), as data: the calls, what they ask and what they are answered. Reads foreign
 * JSON and refuses what is not as agreed; knows nothing of volumes.
 */
import { clip } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';

export const CONTENT_TYPE = 'application/vnd.docker.plugins.v1.1+json';

/** `global`: every engine of the cluster sees the same volumes. `local`: each engine its own. */
export type Scope = 'local' | 'global';

/** A call's arguments. `name` is what stands where a volume's name does: a name, or an in-line spec. */
export interface PluginRequest {
  readonly name: string;
  /** One per mount point of a container; "" where the call has none. */
  readonly id: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface PluginVolume {
  readonly Name: string;
  /** "" while it is not mounted. */
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  /** Shown by `docker volume inspect`. */
  readonly Status?: Readonly<Record<string, unknown>>;
}

/** What a call needs of its body. */
export interface CallShape {
  readonly named: boolean;
  readonly identified: boolean;
  /** Changes something or mounts: may take long. */
  readonly slow: boolean;
}

export const CALLS = {
  '/Plugin.Activate': { named: false, identified: false, slow: false },
  '/VolumeDriver.Capabilities': { named: false, identified: false, slow: false },
  '/VolumeDriver.Create': { named: true, identified: false, slow: true },
  '/VolumeDriver.Remove': { named: true, identified: false, slow: true },
  '/VolumeDriver.Mount': { named: true, identified: true, slow: true },
  '/VolumeDriver.Unmount': { named: true, identified: true, slow: true },
  '/VolumeDriver.Path': { named: true, identified: false, slow: false },
  '/VolumeDriver.Get': { named: true, identified: false, slow: false },
  '/VolumeDriver.List': { named: false, identified: false, slow: false },
} as const satisfies Record<string, CallShape>;
export type Call = keyof typeof CALLS;

export const isCall = (path: string): path is Call => Object.hasOwn(CALLS, path);

const MOUNT_ID = /^[\x21-\x7e]{1,256}$/;

/**
 * Reads a body.
 * @throws invalid_argument naming what is missing or malformed.
 */
export function readRequest(call: Call, body: Uint8Array): PluginRequest {
  const shape: CallShape = CALLS[call];
  const fields = parse(call, body);
  const name = fields['Name'] ?? '';
  const id = fields['ID'] ?? '';
  if (typeof name !== 'string' || (shape.named && name === '')) throw malformed(call, 'Name', 'must be the name of a volume or an in-line spec');
  if (typeof id !== 'string' || (shape.identified && !MOUNT_ID.test(id))) throw malformed(call, 'ID', 'must be 1 to 256 printable characters');
  return { name, id, options: readOptions(call, fields['Opts'] ?? {}) };
}

function parse(call: Call, body: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    value = text.trim() === '' ? null : JSON.parse(text);
  } catch {
    throw malformed(call, 'body', 'is not JSON in UTF-8');
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(call, 'body', 'must be a JSON object');
  return value as Record<string, unknown>;
}

function readOptions(call: Call, value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(call, 'Opts', 'must be an object of strings');
  const odd = Object.entries(value).find(([, option]) => typeof option !== 'string');
  if (odd !== undefined) throw malformed(call, 'Opts', `must be an object of strings, and ${JSON.stringify(clip(odd[0]))} is none`);
  return value as Record<string, string>;
}

const malformed = (call: Call, field: string, fault: string): HoldfastError =>
  new HoldfastError('invalid_argument', `${call.slice(1)}: ${field} ${fault}`, { object: 'request', field, hint: 'See the volume plugin protocol of Docker Engine, version 1.' });

/** An error as the one line that Docker shows: what was wrong, then what to do. */
export function errorLine(error: HoldfastError): string {
  const hint = error.detail.hint ?? '';
  const message = hint === '' ? error.message : `${error.message.replace(/[.\s]+$/, '')}. ${hint}`;
  return message.replace(/\s*[\r\n]+\s*/g, ' ');
}
