/** /v1/operations. */
import { Type } from 'typebox';
import { answers } from '../answers.ts';
import { callOptions } from '../headers.ts';
import { Operation, OperationPage } from '../schema/operation.ts';
import { pageQuery, params, waitQuery, type Door } from './door.ts';

const filter = Type.Object({
  target: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only those that change this object: its id.' })),
  running: Type.Optional(Type.Boolean({ description: 'true: only those that are not over; false: only those that are. Default: all.' })),
  ...pageQuery,
});

export function operationRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['operations'];
  app.get('/v1/operations', {
    schema: { operationId: 'listOperations', summary: 'List operations', tags, querystring: filter, response: answers({ 200: [OperationPage, 'A page of operations, newest first.'] }) },
  }, ({ query }) => control.listOperations(query));

  app.get('/v1/operations/:operation', {
    schema: { operationId: 'getOperation', summary: 'Read an operation, or wait for its end', tags, params: params.operation, querystring: Type.Object(waitQuery), response: answers({ 200: [Operation, 'The operation as it is, or as it is after the wait.'] }, 'not_found') },
  }, async ({ params: { operation: id }, query }, reply) => {
    const waitMs = query.wait_ms ?? 0;
    if (waitMs === 0) return control.getOperation(id);
    const signal = door.signalOf(reply);
    try {
      return await control.waitOperation(id, waitMs, signal);
    } catch (thrown) {
      if (signal.aborted) return control.getOperation(id); // closing: say how far it is
      throw thrown;
    }
  });

  app.post('/v1/operations/:operation/cancel', {
    schema: { operationId: 'cancelOperation', summary: 'Ask an operation to stop', tags, params: params.operation, description: 'It undoes what it began. Refused when it cannot be cancelled any more.', response: answers({ 200: [Operation, 'The operation; wait for its end to see how it ended.'] }, 'not_found', 'failed_precondition') },
  }, (request) => control.cancelOperation(request.params.operation, callOptions(request)));
}
