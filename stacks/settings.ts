// What cdktf.json may say about each stack, checked: a misspelt key must not be a silently ignored one.

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

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0;

const LOCAL_FORM: Record<keyof LocalSettings, { readonly fits: (value: unknown) => boolean; readonly form: string }> = {
  endpoint: { fits: isText, form: 'a text such as "unix:///run/holdfast/holdfast.sock"' },
  path: { fits: isText, form: 'the path of a directory' },
  devices: { fits: isTexts, form: 'a list of paths of block devices' },
  webGibibytes: { fits: isCount, form: 'a whole number, 1 or more' },
  snapshots: { fits: isTexts, form: 'a list of names' },
};

/**
 * The settings of the local stack from what cdktf.json holds, with defaults filled in.
 * @throws Error naming the key and its form, for an unknown or wrong one.
 */
export function localSettings(context: unknown = {}): LocalSettings {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) throw new Error('cdktf.json: context.local has to be an object');
  for (const [key, value] of Object.entries(context)) {
    const rule = Object.entries(LOCAL_FORM).find(([name]) => name === key)?.[1];
    if (rule === undefined) throw new Error(`cdktf.json: context.local.${key} is not known; there are ${Object.keys(LOCAL_FORM).join(', ')}`);
    if (!rule.fits(value)) throw new Error(`cdktf.json: context.local.${key} has to be ${rule.form}`);
  }
  return { path: '/var/lib/holdfast/pools/local', webGibibytes: 1, snapshots: [], ...context };
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
