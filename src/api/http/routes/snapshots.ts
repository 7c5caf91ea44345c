/** /v1/snapshots. */
import { Type } from 'typebox';
import { answers, changeAnswers, etagHeader, single } from '../answers.ts';
import { CHANGE_HEADERS, CREATE_HEADERS, MATCH_HEADERS, callOptions } from '../headers.ts';
import { ref } from '../schema/building.ts';
import * as snapshot from '../schema/snapshot.ts';
import { ChangedVolume } from '../schema/volume.ts';
import { byName, pageQuery, params, type Door } from './door.ts';

const filter = Type.Object({ volume: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only those of this volume: id or name.' })), ...byName, ...pageQuery });

export function snapshotRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['snapshots'];
  app.get('/v1/snapshots', {
    schema: { operationId: 'listSnapshots', summary: 'List snapshots', tags, querystring: filter, response: answers({ 200: [snapshot.SnapshotPage, 'A page of snapshots.'] }, 'not_found') },
  }, ({ query }) => control.listSnapshots(query));

  app.post('/v1/snapshots', {
    schema: {
      operationId: 'createSnapshot', summary: 'Take a snapshot of a volume', tags, headers: CREATE_HEADERS, body: ref(snapshot.CreateSnapshot),
      description: 'A mounted filesystem is frozen for the moment, so that the snapshot is consistent.',
      response: changeAnswers({ 201: [snapshot.ChangedSnapshot, 'It is taken.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'resource_exhausted'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.createSnapshot(request.body, callOptions(request)), 201, (id) => control.getSnapshot(id)));

  app.get('/v1/snapshots/:snapshot', {
    schema: { operationId: 'getSnapshot', summary: 'Read a snapshot', tags, params: params.snapshot, response: answers({ 200: [snapshot.Snapshot, 'The snapshot.', etagHeader] }, 'not_found') },
  }, async (request, reply) => single(reply, await control.getSnapshot(request.params.snapshot)));

  app.patch('/v1/snapshots/:snapshot', {
    schema: { operationId: 'updateSnapshot', summary: 'Change labels or owner', tags, params: params.snapshot, headers: MATCH_HEADERS, body: ref(snapshot.UpdateSnapshot), response: answers({ 200: [snapshot.Snapshot, 'The snapshot after the change.', etagHeader] }, 'not_found', 'conflict') },
  }, async (request, reply) => single(reply, await control.updateSnapshot(request.params.snapshot, request.body, callOptions(request))));

  app.delete('/v1/snapshots/:snapshot', {
    schema: { operationId: 'removeSnapshot', summary: 'Delete a snapshot', tags, params: params.snapshot, headers: CHANGE_HEADERS, response: changeAnswers({ 200: [snapshot.ChangedSnapshot, 'It is deleted: the snapshot as it was last seen.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => door.settle(request, reply, await control.removeSnapshot(request.params.snapshot, callOptions(request)), 200, null));

  app.post('/v1/snapshots/:snapshot/restore', {
    schema: {
      operationId: 'restoreSnapshot', summary: 'Put a volume back to a snapshot', tags, params: params.snapshot, headers: CHANGE_HEADERS,
      description: 'In place; the volume must be detached. What was in it before is kept as another snapshot. To get the content beside the volume, create a volume with `source_snapshot`.',
      response: changeAnswers({ 200: [ChangedVolume, 'The volume has the content of the snapshot.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'resource_exhausted'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.restoreSnapshot(request.params.snapshot, callOptions(request)), 200, (id) => control.getVolume(id)));
}
