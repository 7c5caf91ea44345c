/** `holdfast operation watch`. */
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';
import { tookOf } from '../tables.ts';

export default command({
  arguments: { operation: argument('OPERATION', 'Id of the operation.', 'operation') },
  options: { timeout: WAITING.timeout },
  details: 'Fails with the error of the operation when that failed or was cancelled. Ctrl-C ends the waiting, not the operation.',
  examples: [['operation watch op_01JD9Z3QK7W5T8X2M4N6P0R1SA', 'Wait for its end, with its progress on a terminal']],
  async run({ out, client, carryOut }, { operation: id, timeout }) {
    const begun = await client.operations.get(id);
    const operation = await carryOut({ wait: true, timeout }, (wait) => client.operations.wait(begun, wait));
    if (operation === null) return;
    const took = operation.finished_at === null ? '' : ` after ${tookOf(Date.parse(operation.finished_at) - Date.parse(operation.created_at))}`;
    await out.changed(operation, `${operation.kind} of ${operation.target.kind} ${operation.target.name} ${operation.state}${took}`);
  },
});
