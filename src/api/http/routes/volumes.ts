/** /v1/volumes and /v1/trash. */
import { Type } from 'typebox';
import { HoldfastError } from '../../../model/errors.ts';
import type { Caller } from '../../../model/identity.ts';
import type { Labels } from '../../../model/record.ts';
import { answers, changeAnswers, etagHeader, single } from '../answers.ts';
import { CHANGE_HEADERS, CREATE_HEADERS, MATCH_HEADERS, callOptions } from '../headers.ts';
import { checkPermission } from '../permissions.ts';
import { ref } from '../schema/building.ts';
import * as volume from '../schema/volume.ts';
import { byName, pageQuery, params, type Door } from './door.ts';

const filter = Type.Object({
  ...byName,
  pool: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only those in this pool: id or name.' })),
  owner: Type.Optional(Type.String({ maxLength: 255, description: 'Only those of this owner.' })),
  label: Type.Optional(Type.Array(Type.String({ maxLength: 320, pattern: '^[^=]+=.*$', description: 'A label is written key=value, such as label=app=shop.' }), { maxItems: 64, description: 'Only those with this label, as `key=value`. Repeat it: every one must be there.', examples: [['app=shop']] })),
  ...pageQuery,
});
const purgeQuery = Type.Object({ purge: Type.Optional(Type.Boolean({ default: false, description: 'Purge at once, whatever its retention: there is no way back.' })) });

export function volumeRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['volumes'];
  /** Taking a volume back from the trash takes the role that restoring takes, also as part of making one. */
  const mayTake = ({ body, caller }: { readonly body: { readonly if_trashed?: string }; readonly caller: Caller }): void => {
    if (body.if_trashed === 'restore') checkPermission('restoreTrash', caller);
  };
  app.get('/v1/volumes', {
    schema: { operationId: 'listVolumes', summary: 'List volumes', tags, querystring: filter, response: answers({ 200: [volume.VolumePage, 'A page of volumes, ordered by name.'] }) },
  }, ({ query }) => control.listVolumes(filterOf(query)));

  app.post('/v1/volumes', {
    schema: {
      operationId: 'createVolume', summary: 'Create a volume', tags, headers: CREATE_HEADERS, body: ref(volume.CreateVolume),
      description: 'Makes a volume and its filesystem. A name that is taken is a conflict which names the fields that differ.',
      response: changeAnswers({ 201: [volume.ChangedVolume, 'It is made.', etagHeader], 200: [volume.ChangedVolume, 'With `dry_run`: the volume as it would be.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'resource_exhausted', 'unsupported'),
    },
  }, async (request, reply) => {
    mayTake(request);
    const dry = request.body.dry_run === true;
    const accepted = await control.createVolume(request.body, callOptions(request));
    return door.settle(request, reply, accepted, dry ? 200 : 201, dry ? null : (id) => control.getVolume(id));
  });

  app.get('/v1/volumes/:volume', {
    schema: { operationId: 'getVolume', summary: 'Read a volume', tags, params: params.volume, response: answers({ 200: [volume.Volume, 'The volume.', etagHeader] }, 'not_found') },
  }, async (request, reply) => single(reply, await control.getVolume(request.params.volume)));

  app.put('/v1/volumes/:volume', {
    schema: {
      operationId: 'ensureVolume', summary: 'Make sure that a volume exists', tags, params: params.volume, headers: CREATE_HEADERS, body: ref(volume.EnsureVolume),
      description: 'Takes the volume of this name if it satisfies the request, and makes it otherwise. Size and replicas are minimums.',
      response: changeAnswers({ 200: [volume.ChangedVolume, 'It was there.', etagHeader], 201: [volume.ChangedVolume, 'It is made.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'resource_exhausted', 'unsupported'),
    },
  }, async (request, reply) => {
    mayTake(request);
    const accepted = await control.ensureVolume({ ...request.body, name: request.params.volume }, callOptions(request));
    return door.settle(request, reply, accepted, accepted.created ? 201 : 200, request.body.dry_run === true ? null : (id) => control.getVolume(id));
  });

  app.patch('/v1/volumes/:volume', {
    schema: { operationId: 'updateVolume', summary: 'Change labels, owner, protection or retention', tags, params: params.volume, headers: MATCH_HEADERS, body: ref(volume.UpdateVolume), response: answers({ 200: [volume.Volume, 'The volume after the change.', etagHeader] }, 'not_found', 'conflict') },
  }, async (request, reply) => single(reply, await control.updateVolume(request.params.volume, request.body, callOptions(request))));

  app.delete('/v1/volumes/:volume', {
    schema: {
      operationId: 'removeVolume', summary: 'Delete a volume', tags, params: params.volume, headers: CHANGE_HEADERS, querystring: purgeQuery,
      description: 'Puts it into the trash, or purges it when its retention is 0 or `purge` is given. Refused while it is protected, mounted or attached.',
      response: changeAnswers({ 200: [volume.ChangedVolume, 'It is deleted: the volume as it was last seen, in the state `trashed` when it is in the trash.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition'),
    },
  }, async (request, reply) => {
    if (request.query.purge === true) checkPermission('purgeTrash', request.caller);
    const accepted = await control.removeVolume(request.params.volume, { purge: request.query.purge ?? false }, callOptions(request));
    return door.settle(request, reply, accepted, 200, (id) => control.getVolume(id).catch((error: unknown) => {
      if (error instanceof HoldfastError && error.code === 'not_found') return accepted.object; // purged
      throw error;
    }));
  });

  app.post('/v1/volumes/:volume/resize', {
    schema: {
      operationId: 'resizeVolume', summary: 'Grow a volume', tags, params: params.volume, headers: CHANGE_HEADERS, body: ref(volume.ResizeVolume),
      description: 'Grows the image, the device and the filesystem, mounted or not. The present size is nothing to do; a smaller one is refused.',
      response: changeAnswers({ 200: [volume.ChangedVolume, 'It has the size.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'resource_exhausted'),
    },
  }, async (request, reply) => {
    const accepted = await control.resizeVolume(request.params.volume, request.body.size_bytes, callOptions(request));
    return door.settle(request, reply, accepted, 200, (id) => control.getVolume(id));
  });

  app.post('/v1/volumes/:volume/recover', {
    schema: { operationId: 'recoverVolume', summary: 'Take over what a replica knows after the store was set back', description: 'For condition `StoreBehind`: an older copy of the store is in place. Generation, history and size of the record become those of the replica\'s own metadata. Does nothing when the record is not behind.', tags, params: params.volume, headers: MATCH_HEADERS, response: answers({ 200: [volume.Volume, 'The volume.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.recoverVolume(request.params.volume, callOptions(request))));
  app.post('/v1/volumes/:volume/attach', {
    schema: { operationId: 'attachVolume', summary: 'Make the block device of a volume', tags, params: params.volume, headers: MATCH_HEADERS, response: answers({ 200: [volume.Volume, 'The volume; `status.device` is its device.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition', 'unsupported') },
  }, async (request, reply) => single(reply, await control.attachVolume(request.params.volume, callOptions(request))));

  app.post('/v1/volumes/:volume/detach', {
    schema: { operationId: 'detachVolume', summary: 'Remove the block device of a volume', tags, params: params.volume, headers: MATCH_HEADERS, description: 'Refused while consumers have it mounted.', response: answers({ 200: [volume.Volume, 'The volume after the change.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.detachVolume(request.params.volume, callOptions(request))));

  app.post('/v1/volumes/:volume/publish', {
    schema: { operationId: 'publishVolume', summary: 'Mount a volume for a consumer', tags, params: params.volume, headers: MATCH_HEADERS, body: ref(volume.PublishVolume), description: 'Attaches and mounts it when needed. The same consumer again gets the same answer. The role plugin names paths below the directories only that the node gives to it (`plugin_paths`).', response: answers({ 200: [volume.PublishedVolume, 'Where it is mounted.'] }, 'not_found', 'conflict', 'failed_precondition', 'unsupported') },
  }, (request) => {
    // A mount at a place of the system's own would make of the role plugin one that may do everything there.
    const { caller } = request;
    const within = caller.kind === 'client' && caller.role === 'plugin' ? { within: door.pluginPaths } : {};
    return control.publishVolume(request.params.volume, { ...request.body, ...within }, callOptions(request));
  });

  app.post('/v1/volumes/:volume/unpublish', {
    schema: { operationId: 'unpublishVolume', summary: 'Remove the mount of a consumer', tags, params: params.volume, headers: MATCH_HEADERS, body: ref(volume.UnpublishVolume), description: 'A consumer that has no mount is nothing to do. The last one unmounts and detaches the volume.', response: answers({ 200: [volume.Volume, 'The volume after the change.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => {
    if (request.body.consumer === undefined && request.body.path === undefined) {
      throw new HoldfastError('invalid_argument', 'neither consumer nor path is named', { object: `volume ${request.params.volume}`, field: 'consumer', hint: 'Name the consumer or the path that the mount was made for.' });
    }
    return single(reply, await control.unpublishVolume(request.params.volume, request.body, callOptions(request)));
  });

  app.get('/v1/volumes/:volume/explain', {
    schema: { operationId: 'explainVolume', summary: 'Explain why a volume is where it is', tags, params: params.volume, response: answers({ 200: [volume.PlacementExplanation, 'The pools that were looked at.'] }, 'not_found') },
  }, (request) => control.explainVolume(request.params.volume));
}

export function trashRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['trash'];
  app.get('/v1/trash', {
    schema: { operationId: 'listTrash', summary: 'List deleted volumes that can be restored', tags, querystring: filter, response: answers({ 200: [volume.VolumePage, 'A page of volumes in the trash.'] }) },
  }, ({ query }) => control.listTrash(filterOf(query)));

  app.post('/v1/trash/:volume/restore', {
    schema: { operationId: 'restoreTrash', summary: 'Restore a volume from the trash', tags, params: params.trashed, headers: MATCH_HEADERS, body: ref(volume.RestoreTrash), response: answers({ 200: [volume.Volume, 'The volume, restored.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.restoreTrash(request.params.volume, request.body, callOptions(request))));

  app.delete('/v1/trash/:volume', {
    schema: { operationId: 'purgeTrash', summary: 'Purge a volume from the trash', tags, params: params.trashed, headers: CHANGE_HEADERS, description: 'Deletes its data for good.', response: changeAnswers({ 200: [volume.ChangedVolume, 'It is purged: the volume as it was last seen.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => door.settle(request, reply, await control.purgeTrash(request.params.volume, callOptions(request)), 200, null));
}

function filterOf({ label, ...query }: { label?: string[]; name?: string; pool?: string; owner?: string; limit?: number; cursor?: string }) {
  if (label === undefined) return query;
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of label) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (Object.hasOwn(labels, key)) throw new HoldfastError('invalid_argument', `label: "${key}" is given twice`, { field: 'label', hint: 'An object has one value for a label: ask for one.' });
    labels[key] = pair.slice(at + 1);
  }
  return { ...query, labels: labels as Labels };
}
