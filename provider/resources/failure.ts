/** Errors of the daemon in the words of a plan: a constant summary, what was wrong and what to do, on the attribute that is the cause. */
import { HoldfastError, type ErrorCode } from '../../src/model/errors.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import type { Path, Problem } from '../framework/index.ts';

const SUMMARIES: Readonly<Record<ErrorCode, string>> = {
  invalid_argument: 'Value cannot be used',
  not_found: 'Object not found',
  conflict: 'In conflict with what exists',
  failed_precondition: 'Not possible as it is',
  permission_denied: 'Permission denied',
  resource_exhausted: 'No room for it',
  unsupported: 'Not supported',
  unavailable: 'No answer from Holdfast',
  internal: 'Fault of Holdfast',
};

/** Fields of the API by the attribute that sets them. */
const ATTRIBUTE: Readonly<Record<string, string>> = {
  size_bytes: 'size', size: 'size', filesystem: 'fs', fs: 'fs', trash_retention_ms: 'trash_retention', repl: 'replicas',
  name: 'name', pool: 'pool', class: 'class', access: 'access', replicas: 'replicas', labels: 'labels', deletion_protection: 'deletion_protection',
  if_trashed: 'if_trashed', source_snapshot: 'source_snapshot', volume: 'volume', path: 'path', devices: 'devices', overcommit: 'overcommit', kind: 'kind',
};

export const isCode = (error: unknown, ...codes: readonly ErrorCode[]): error is HoldfastError => error instanceof HoldfastError && codes.includes(error.code);

/** The attribute that an error is about, or undefined. */
export function attributeOf(error: HoldfastError): Path | undefined {
  const name = ATTRIBUTE[error.detail.field ?? ''];
  return name === undefined ? undefined : [name];
}

/** Message and way out as sentences. */
export function wordsOf({ message, detail: { object, hint } }: HoldfastError): string {
  const about = object === undefined || message.includes(object.split(' ').at(-1) ?? object) ? message : `${object}: ${message}`;
  return `${sentence(about)}${hint === undefined ? '' : ` ${sentence(hint)}`}`;
}

/** With a full stop at the end, if it has none; commands to paste stay as they are. */
const sentence = (text: string): string => (/[.!?:]$/.test(text) || / holdfast [a-z-]+ [^.]*$/.test(text) ? text : `${text}.`);

/** For the provider's `describeError`: undefined for what is neither the daemon's nor a machine's. */
export function describeFailure(error: unknown): Problem | undefined {
  if (error instanceof MachineError) return { summary: error.summary, detail: error.detail };
  if (!(error instanceof HoldfastError)) return undefined;
  const path = attributeOf(error);
  return { summary: SUMMARIES[error.code], detail: wordsOf(error), ...(path === undefined ? {} : { path }) };
}
