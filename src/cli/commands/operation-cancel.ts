/** `holdfast operation cancel`. */
import { isOver } from '../../model/operation.ts';
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { operation: argument('OPERATION', 'Id of the operation.', 'operation') },
  details: 'It undoes what it did so far. Refused where it is past the point of no return.',
  examples: [['operation cancel op_01JD9Z3QK7W5T8X2M4N6P0R1SA', 'Ask it to stop']],
  async run({ out, client }, { operation: id }) {
    const operation = await client.operations.cancel(id);
    const what = `${operation.kind} of ${operation.target.kind} ${operation.target.name}`;
    await out.changed(operation, isOver(operation) ? `${what} is ${operation.state}` : `${what} was asked to stop. To see its end: holdfast operation watch ${operation.id}`);
  },
});
