// What cdktf.json may say about the local stack and about where states are kept, checked.
import { checked, count, isText, text, texts, type Form } from './checked.ts';

/** `context.local` of cdktf.json. */
export interface LocalSettings {
  /** The daemon's socket, `unix:///path`. Default: HOLDFAST_ENDPOINT, else the local daemon's. */
  readonly endpoint?: string;
  /** The directory of the pool; not used when there are devices. Default: /var/lib/holdfast/pools/local. */
  readonly path: string;
  /** Empty block devices for the pool, instead of a directory. Default: none. */
  readonly devices?: readonly string[];
  /** The size of the volume `web`. Default: 1. */
  readonly webGibibytes: number;
  /** The snapshots of `web` that should be there. Default: none. */
  readonly snapshots: readonly string[];
}

const LOCAL_FORM: Record<keyof LocalSettings, Form> = {
  endpoint: text('a text such as "unix:///run/holdfast/holdfast.sock"'),
  path: text('the path of a directory'),
  devices: texts('a list of paths of block devices'),
  webGibibytes: count,
  snapshots: texts('a list of names'),
};

/**
 * The settings of the local stack from what cdktf.json holds, with defaults filled in.
 * @throws Error naming the key and its form, for an unknown or wrong one.
 */
export function localSettings(context: unknown = {}): LocalSettings {
  return { path: '/var/lib/holdfast/pools/local', webGibibytes: 1, snapshots: [], ...checked<LocalSettings>('context.local', context, LOCAL_FORM) };
}

/** `context.state` of cdktf.json: where the state of the stacks is kept. */
export interface S3State {
  readonly bucket: string;
  readonly region: string;
  /** Folder in the bucket. Default: holdfast. */
  readonly prefix?: string;
}

/**
 * Undefined when nothing is said: then Terraform keeps the state in a file beside cdktf.json.
 * @throws Error naming what is missing.
 */
export function stateSettings(context: unknown): S3State | undefined {
  if (context === undefined) return undefined;
  const { bucket, region, prefix = 'holdfast' } = context as Partial<S3State>;
  if (!isText(bucket) || !isText(region) || !isText(prefix)) throw new Error('cdktf.json: context.state has to be {"bucket": …, "region": …, "prefix": …}');
  return { bucket, region, prefix };
}
