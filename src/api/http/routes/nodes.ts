/** /v1/nodes and /v1/members. */
import { Type } from 'typebox';
import { answers, changeAnswers, etagHeader, single } from '../answers.ts';
import { CHANGE_HEADERS, MATCH_HEADERS, callOptions } from '../headers.ts';
import { ref } from '../schema/building.ts';
import * as node from '../schema/node.ts';
import * as system from '../schema/system.ts';
import { byName, pageQuery, params, type Door } from './door.ts';

export function nodeRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['nodes'];
  app.get('/v1/nodes', {
    schema: { operationId: 'listNodes', summary: 'List nodes', tags, querystring: Type.Object({ ...byName, ...pageQuery }), response: answers({ 200: [system.NodePage, 'A page of nodes, ordered by name.'] }) },
  }, ({ query }) => control.listNodes(query));

  app.get('/v1/nodes/:node', {
    schema: { operationId: 'getNode', summary: 'Read a node', tags, params: params.node, response: answers({ 200: [system.Node, 'The node.', etagHeader] }, 'not_found') },
  }, async (request, reply) => single(reply, await control.getNode(request.params.node)));

  app.patch('/v1/nodes/:node', {
    schema: { operationId: 'updateNode', summary: 'Change labels, zone, address, roles or owner', tags, params: params.node, headers: MATCH_HEADERS, body: ref(node.UpdateNode), response: answers({ 200: [system.Node, 'The node after the change.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.updateNode(request.params.node, request.body, callOptions(request))));

  app.get('/v1/nodes/:node/holdings', {
    schema: { operationId: 'getNodeHoldings', summary: 'What is on a node', tags, params: params.node, response: answers({ 200: [node.NodeHoldings, 'The volumes on it.'] }, 'not_found') },
  }, async (request) => ({ items: await control.nodeHoldings(request.params.node) }));

  app.post('/v1/nodes/:node/drain', {
    schema: {
      operationId: 'drainNode', summary: 'Let a node go empty of work', tags, params: params.node, headers: CHANGE_HEADERS,
      description: 'No new work is placed there. It is over when nothing is attached there any more. Again: the same operation.',
      response: changeAnswers({ 200: [node.ChangedNode, 'It is drained.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.drainNode(request.params.node, callOptions(request)), 200, (id) => control.getNode(id)));

  app.post('/v1/nodes/:node/undrain', {
    schema: { operationId: 'undrainNode', summary: 'Let a node take work again', tags, params: params.node, headers: MATCH_HEADERS, description: 'Cancels a drain that runs.', response: answers({ 200: [system.Node, 'The node after the change.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => single(reply, await control.undrainNode(request.params.node, callOptions(request))));

  app.delete('/v1/nodes/:node', {
    schema: {
      operationId: 'removeNode', summary: 'Take a node out of the cluster', tags, params: params.node, headers: CHANGE_HEADERS,
      querystring: Type.Object({ abandon: Type.Optional(Type.Boolean({ description: 'Give up its last copies for lost: their volumes stay, unavailable. Default: false.', default: false })) }),
      description: 'Its certificates are revoked and its member of the control store leaves. Refused while it holds a last copy (with the list), while something is attached there, while it lives and is not drained, and when the control store would lose its majority.',
      response: changeAnswers({ 200: [node.ChangedNode, 'It is removed: the node as it was last seen.', etagHeader] }, 'not_found', 'conflict', 'failed_precondition'),
    },
  }, async (request, reply) => door.settle(request, reply, await control.removeNode(request.params.node, { abandon: request.query.abandon ?? false }, callOptions(request)), 200, null));

  app.get('/v1/members', {
    schema: { operationId: 'listMembers', summary: 'Who holds the control store', tags, response: answers({ 200: [node.StoreMembers, 'The members.'] }) },
  }, async () => ({ items: await control.listMembers() }));
}
