/** `provider::holdfast::parse_spec`: the in-line spec as an object, by the one parser of the product. */
import { HoldfastError } from '../../src/model/errors.ts';
import { formatDuration } from '../../src/model/duration.ts';
import { formatSize } from '../../src/model/bytes.ts';
import { parseSpec } from '../../src/model/spec.ts';
import { FunctionError, providerFunction, t } from '../framework/index.ts';

const result = t.object({
  name: t.string().describe('Name of the volume.'),
  size: t.string().describe('Size as `holdfast_volume` takes it, such as `10G`; null when not said.'),
  size_bytes: t.int().describe('Size in bytes; null when not said.'),
  fs: t.string().describe('`xfs` or `ext4`; null when not said.'),
  access: t.string().describe('`single` or `shared`; null when not said.'),
  replicas: t.int().describe('Number of replicas; null when not said.'),
  class: t.string().describe('Class of pool; null when not said.'),
  labels: t.map(t.string()).describe('Labels; null when not said.'),
  deletion_protection: t.bool().describe('Null when not said.'),
  trash_retention: t.string().describe('As `holdfast_volume` takes it, such as `7d`; null when not said.'),
});

export const parseSpecFunction = providerFunction({
  name: 'parse_spec',
  summary: 'Reads an in-line spec of a volume',
  description: 'Reads an in-line spec such as `size=10G,fs=xfs,name=db` (what a container engine takes in place of a volume\'s name) as an object whose attributes are named like those of `holdfast_volume`. What the spec does not say is null. Fails for what a daemon would refuse, naming the key.',
  example: `locals {
  spec = provider::holdfast::parse_spec("size=10G,fs=ext4,name=db,labels=app=shop")
}

resource "holdfast_volume" "db" {
  name   = local.spec.name
  size   = local.spec.size
  fs     = local.spec.fs
  labels = local.spec.labels
}
`,
  parameters: [{ name: 'spec', type: t.string(), description: 'The spec: `key=value` pairs with `,` or `;` between them; `name` is required.' }],
  returns: result,
  call(spec) {
    try {
      const request = parseSpec(spec);
      return {
        name: request.name,
        size: request.size_bytes === undefined ? null : formatSize(request.size_bytes),
        size_bytes: request.size_bytes ?? null,
        fs: request.filesystem ?? null,
        access: request.access ?? null,
        replicas: request.replicas ?? null,
        class: request.class ?? null,
        labels: request.labels === undefined ? null : { ...request.labels },
        deletion_protection: request.deletion_protection ?? null,
        trash_retention: request.trash_retention_ms === undefined ? null : formatDuration(request.trash_retention_ms),
      };
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      throw new FunctionError(0, `${error.message}.${error.detail.hint === undefined ? '' : ` ${error.detail.hint}`}`);
    }
  },
});
