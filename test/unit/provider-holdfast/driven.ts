/** The provider driven in-process, as Terraform does it, against the real control with a machine in memory. */
import { createHarness, type ApplyResult, type Harness, type Kept, type Said } from '../../../provider/framework/testing.ts';
import { createProvider } from '../../../provider/provider.ts';
import { objectOf, type ValueObject } from '../../../provider/protocol/value.ts';
import { servedBench } from '../api/http/served.ts';

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

export type Driven = Awaited<ReturnType<typeof drive>>;

/** A provider whose owner is `me`, and a daemon with the pool `fast` of 100 GiB. Broken promises are errors. */
export async function drive(config: ValueObject = {}) {
  process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
  const daemon = await servedBench();
  const run = async (more: ValueObject = {}): Promise<Harness> => {
    const harness = createHarness(createProvider({ endpoint: daemon.endpoint }));
    const said = await harness.configure(object({ owner: 'me', ...config, ...more }));
    if (said.length > 0) throw new Error(JSON.stringify(said));
    return harness;
  };
  return { ...daemon, harness: await run(), /** A new run of the provider: it remembers nothing of the others. */ run };
}

export const object = (values: ValueObject): ValueObject => objectOf(Object.entries(values));
/** A volume in `fast` that nothing protects. */
export const volume = (more: ValueObject = {}): ValueObject => object({ name: 'db', size: '1G', pool: 'fast', deletion_protection: false, trash_retention: '0', ...more });

/** Applies, and fails the test when that failed. */
export async function applied(harness: Harness, type: string, config: ValueObject | null, before?: Kept): Promise<ApplyResult> {
  const result = await harness.apply(type, config, before);
  const wrong = errors(result.said);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return result;
}
export const errors = (said: readonly Said[]): string[] => said.filter(({ severity }) => severity === 'error').map(({ summary, detail }) => `${summary}: ${detail}`);
export const warnings = (said: readonly Said[]): string[] => said.filter(({ severity }) => severity === 'warning').map(({ summary, detail }) => `${summary}: ${detail}`);
