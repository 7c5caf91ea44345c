/** Operations: changes that take longer than a request. */
import { Type } from 'typebox';
import { answer, choice, count, flag, named, orNull, ref, text, time } from './building.ts';
import { ErrorBody, changed, pageOf } from './record.ts';

const OperationTarget = named('OperationTarget', answer({
  kind: choice(['volume', 'pool', 'snapshot', 'node'], 'Kind of the object.'),
  id: text('Id of the object.'),
  name: text('Name of the object.'),
}, { description: 'The object that is changed.' }));

export const Operation = named('Operation', answer({
  id: text('Id of the operation.', { examples: ['op_01JD9Z3QK7W5T8X2M4N6P0R1SA'] }),
  kind: text('What it does.', { examples: ['volume.create'] }),
  target: ref(OperationTarget),
  node: text('Id of the node that carries it out.'),
  state: choice(['pending', 'running', 'succeeded', 'failed', 'cancelled'], 'The last three are final.'),
  step: text('Name of the step that runs or ran last.'),
  args: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'What its steps need; differs from kind to kind. Holds no secret.' }),
  done: count('How much is done, in `unit`.'),
  total: count('How much there is to do, in `unit`; 0 while that is not known.'),
  unit: choice(['bytes', 'steps'], 'Unit of `done` and `total`.'),
  cancellable: flag('Whether it can be cancelled now.'),
  cancel_requested: flag('Whether somebody asked it to stop.'),
  error: orNull(ref(ErrorBody), 'Why it failed; null otherwise.'),
  created_at: time('When it was accepted.'),
  updated_at: time('When it last made progress.'),
  finished_at: orNull(Type.String(), 'When it was over, ISO 8601, UTC; null before.'),
}, { description: 'A change that takes time. It survives restarts of the daemon.' }));
export const OperationPage = pageOf('OperationPage', Operation, 'operations');
export const AcceptedOperation = changed('AcceptedOperation', Operation, 'operation');
