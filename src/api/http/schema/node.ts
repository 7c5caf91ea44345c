/** The life of nodes, as it is sent and asked for. */
import { Type } from 'typebox';
import { NODE_ROLES } from '../../../model/node.ts';
import { answer, bytes, choice, flag, named, owner, ref, request, text } from './building.ts';
import { Labels, changed } from './record.ts';
import { Node } from './system.ts';

export const ZONE_PATTERN = '^([a-z0-9][a-z0-9._-]{0,62})?$';
export const zone = (more: object = {}) => Type.String({ pattern: ZONE_PATTERN, description: 'Failure domain, a name: replicas are spread over zones. "" for none.', ...more });
export const nodeAddress = (more: object = {}) => Type.String({ minLength: 3, maxLength: 260, description: '`host:port` where others reach its REST API.', examples: ['10.0.0.12:7480'], ...more });
export const nodeRoles = (description: string) => Type.Array(choice(NODE_ROLES, 'A role.'), { minItems: 1, maxItems: 2, description });

export const ChangedNode = changed('ChangedNode', Node, 'node');
export const UpdateNode = named('UpdateNode', request({
  labels: Type.Optional(ref(Labels, { description: 'All labels from now on.' })),
  zone: Type.Optional(zone()),
  address: Type.Optional(nodeAddress()),
  roles: Type.Optional(nodeRoles('All roles from now on. `storage` may be taken away only where no replica is left; `control` changes on the machine itself.')),
  owner: Type.Optional(owner()),
}, { description: 'The fields to change; what is not named stays.', examples: [{ zone: 'rack-2', labels: { disk: 'ssd' } }] }));

const NodeHolding = named('NodeHolding', answer({
  volume: text('Id of the volume.'),
  name: text('Name of the volume.'),
  size_bytes: bytes('Size of the volume.'),
  last_copy: flag('It has no other in-sync replica on a node that lives: it would be lost with this one.'),
  attached: flag('Whether it is attached on this node.'),
  consumers: Type.Array(Type.String(), { description: 'Who has it mounted.' }),
}, { description: 'A volume that is on a node. Trash is not counted.' }));
export const NodeHoldings = named('NodeHoldings', answer({
  items: Type.Array(ref(NodeHolding), { description: 'The volumes.' }),
}, { description: 'What is on a node, for drain and removal.' }));

const StoreMember = named('StoreMember', answer({
  id: text('Id of the member, hex.'),
  name: text('Name of its node; "" until it has started.'),
  peer_urls: Type.Array(Type.String(), { description: 'Where other members reach it.' }),
  client_urls: Type.Array(Type.String(), { description: 'Where daemons reach it.' }),
  learner: flag('It receives everything and has no vote yet.'),
  healthy: flag('It answered when asked just now.'),
}, { description: 'A machine that holds the control store.' }));
export const StoreMembers = named('StoreMembers', answer({
  items: Type.Array(ref(StoreMember), { description: 'The members; [] where the store is embedded or not run by Holdfast.' }),
}, { description: 'The machines that hold the control store.' }));
