/** /v1/pools and /v1/pool-wipes. */
import { Type } from 'typebox';
import { HoldfastError } from '../../../model/errors.ts';
import { answers, changeAnswers, etagHeader, single } from '../answers.ts';
import { CHANGE_HEADERS, CREATE_HEADERS, MATCH_HEADERS, callOptions } from '../headers.ts';
import { ref } from '../schema/building.ts';
import * as pool from '../schema/pool.ts';
import { byName, pageQuery, params, type Door } from './door.ts';

export function poolRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['pools'];
  app.get('/v1/pools', {
    schema: { operationId: 'listPools', summary: 'List pools', tags, querystring: Type.Object({ ...byName, ...pageQuery }), response: answers({ 200: [pool.PoolPage, 'A page of pools, ordered by name.'] }) },
  }, ({ query }) => control.listPools(query));

  app.post('/v1/pools', {
    schema: {
      operationId: 'createPool', summary: 'Create a pool', tags, headers: CREATE_HEADERS, body: ref(pool.CreatePool),
      description: 'Takes a directory, or makes a filesystem on each of the devices. A device with any signature is refused unless `force` is given; one that is mounted or in use always.',
      response: changeAnswers({ 201: [pool.ChangedPool, 'It is made.', etagHeader] }, 'conflict', 'failed_precondition', 'unsupported'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.createPool(request.body, callOptions(request)), 201, (id) => control.getPool(id)));

  app.get('/v1/pools/:pool', {
    schema: { operationId: 'getPool', summary: 'Read a pool', tags, params: params.pool, response: answers({ 200: [pool.Pool, 'The pool.', etagHeader] }, 'not_found') },
  }, async (request, reply) => single(reply, await control.getPool(request.params.pool)));

  app.patch('/v1/pools/:pool', {
    schema: { operationId: 'updatePool', summary: 'Change labels, overcommit, class or owner', tags, params: params.pool, headers: MATCH_HEADERS, body: ref(pool.UpdatePool), response: answers({ 200: [pool.Pool, 'The pool after the change.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.updatePool(request.params.pool, request.body, callOptions(request))));

  app.delete('/v1/pools/:pool', {
    schema: {
      operationId: 'removePool', summary: 'Remove a pool', tags, params: params.pool, headers: CHANGE_HEADERS,
      description: 'Refused while live volumes are in it. Deletes no file: what is in its trash stays on the medium and leaves the lists.',
      response: changeAnswers({ 200: [pool.ChangedPool, 'It is removed: the pool as it was last seen.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.removePool(request.params.pool, callOptions(request)), 200, null));

  app.post('/v1/pools/:pool/grow', {
    schema: {
      operationId: 'growPool', summary: 'Grow a pool', tags, params: params.pool, headers: CHANGE_HEADERS, body: ref(pool.GrowPool),
      description: 'Takes in what its devices have grown by, and the devices given.',
      response: changeAnswers({ 200: [pool.ChangedPool, 'It is grown.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.growPool(request.params.pool, request.body, callOptions(request)), 200, (id) => control.getPool(id)));

  app.post('/v1/pool-wipes', {
    schema: {
      operationId: 'wipePool', summary: 'Delete what a removed pool left behind', tags, body: ref(pool.WipePool),
      description: 'Deletes for good everything of Holdfast on a path or device that no pool uses now.',
      response: { 204: { description: 'It is deleted.', type: 'null' }, ...answers({}, 'not_found', 'conflict', 'failed_precondition') },
    },
  }, async (request, reply) => {
    const { path, device } = request.body;
    if ((path === undefined) === (device === undefined)) {
      throw new HoldfastError('invalid_argument', path === undefined ? 'neither path nor device is named' : 'path and device are both named', { field: path === undefined ? 'path' : 'device', hint: 'Name one of the two: the directory or the block device that the removed pool was on.' });
    }
    await control.wipePool(request.body, callOptions(request));
    return reply.code(204).send(null);
  });
}
