/** `provider::holdfast::format_bytes`: a number of bytes for people. */
import { formatBytes } from '../../src/model/bytes.ts';
import { FunctionError, providerFunction, t } from '../framework/index.ts';

export const formatBytesFunction = providerFunction({
  name: 'format_bytes',
  summary: 'Writes a number of bytes with a unit',
  description: 'Writes a number of bytes with the largest binary unit that it fills: `10737418240` is `10 GiB`, `1572864` is `1.50 MiB`.',
  example: `output "size" {
  value = provider::holdfast::format_bytes(holdfast_volume.db.size_bytes)
}
`,
  parameters: [{ name: 'bytes', type: t.int(), description: 'Number of bytes: a whole number from 0 to 2^53 - 1.' }],
  returns: t.string(),
  call(bytes) {
    if (bytes < 0) throw new FunctionError(0, `bytes must not be negative, and is ${bytes}`);
    return formatBytes(bytes);
  },
});
