/** `holdfast operation inspect`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { operationSheet } from '../views/operation.ts';

export default command({
  arguments: { operation: argument('OPERATION', 'Id of the operation.', 'operation') },
  examples: [['operation inspect op_01JD9Z3QK7W5T8X2M4N6P0R1SA', 'One operation in full']],
  async run({ host, out, client }, { operation: id }) {
    const operation = await client.operations.get(id);
    await out.object(operation, () => operationSheet(operation, out.layout, host.now()));
  },
});
