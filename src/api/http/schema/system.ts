/** The machine and the whole: nodes, events, capacity, status, version. */
import { Type } from 'typebox';
import { NODE_FEATURES, NODE_ROLES } from '../../../model/node.ts';
import { answer, bytes, choice, count, flag, named, orNull, ref, text, time } from './building.ts';
import { observed, pageOf, record } from './record.ts';

const Feature = named('NodeFeature', answer({
  available: flag('Whether it can be used on this node.'),
  reason: text('Why not; "" when it can.'),
}, { description: 'Something that the kernel or an installed tool offers.' }));

type FeatureName = (typeof NODE_FEATURES)[number];
const Capabilities = named('NodeCapabilities', answer({
  kernel: text('Release of the kernel.'),
  boot_id: text('Id of this boot of the machine.'),
  machine_id: text('Id of the machine.'),
  features: Type.Object(
    Object.fromEntries(NODE_FEATURES.map((feature) => [feature, ref(Feature)])) as Record<FeatureName, ReturnType<typeof ref<typeof Feature>>>,
    { description: 'By name: what can be used.' },
  ),
}, { description: 'What the machine offers, as probed at the start of the daemon.' }));

const NodeSpec = named('NodeSpec', answer({
  roles: Type.Array(choice(NODE_ROLES, 'A role.'), { description: '`control`: holds the control store and signs certificates. `storage`: holds replicas.' }),
  zone: text('Failure domain; "" for none.'),
  address: orNull(Type.String(), '`host:port` of its REST API over TLS; null on a single machine.'),
  cordoned: flag('Takes no new work: it is being drained, or is drained.'),
}, { description: 'What the node should be.' }));
const NodeStatus = named('NodeStatus', answer({
  state: choice(['joining', 'ready', 'unavailable', 'draining', 'drained'], '`joining`: has certificates, its daemon has not reported yet. `unavailable`: its lease has run out. `draining` and `drained`: takes no new work.'),
  ...observed,
  daemon_version: text('Version of its daemon.'),
  capabilities: ref(Capabilities),
}, { description: 'What was last observed.' }));
export const Node = named('Node', answer(record('node', 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA', NodeSpec, NodeStatus, {}), { description: 'A machine that runs the daemon.' }));
export const NodePage = pageOf('NodePage', Node, 'nodes');

export const Cluster = named('Cluster', answer({
  id: text('Id of the cluster: an answer with another id is from another cluster.', { examples: ['clu_01JD9Z3QK7W5T8X2M4N6P0R1SA'] }),
  name: text('Name of the cluster.'),
  created_at: time('When it was made.'),
}, { description: 'Nodes that share one control store.' }));

export const ObjectName = named('ObjectName', answer({
  kind: text('Kind of the object.', { examples: ['volume'] }),
  id: text('Id of the object.'),
  name: text('Name of the object.'),
}, { description: 'An object that something is about.' }));

export const Event = named('Event', answer({
  id: text('Id of the event.'),
  at: time('When it happened.'),
  object: ref(ObjectName),
  reason: text('What happened, as one word.', { examples: ['VolumeCreated'] }),
  message: text('What happened, as a sentence.'),
  severity: choice(['info', 'warning'], 'Whether somebody should look at it.'),
}, { description: 'Something that happened, for people.' }));
export const EventPage = pageOf('EventPage', Event, 'events');

const amounts = {
  capacity_bytes: bytes('What the filesystems hold.'),
  allocated_bytes: bytes('What is promised to volumes, snapshots and trash.'),
  used_bytes: bytes('What is used on the medium.'),
  available_bytes: bytes('What may still be promised; never negative.'),
  trash_bytes: bytes('Part of allocated_bytes that is trash.'),
};
const PoolCapacity = named('PoolCapacity', answer({
  pool: text('Id of the pool.'),
  name: text('Name of the pool.'),
  class: text('Class of the pool.'),
  ...amounts,
}, { description: 'Capacity of one pool.' }));
export const Capacity = named('Capacity', answer({
  ...amounts,
  pools: Type.Array(ref(PoolCapacity), { description: 'By pool.' }),
}, { description: 'Capacity over all pools.' }));

const Counts = named('Counts', answer({
  pools: count('Pools.'),
  volumes: count('Volumes, without trash.'),
  snapshots: count('Snapshots.'),
  trash: count('Volumes in the trash.'),
  operations_running: count('Operations that are not over.'),
}, { description: 'How many of what there are.' }));
const NodeCounts = named('NodeCounts', answer({
  joining: count('Have certificates; their daemons have not reported yet.'),
  ready: count('Work.'),
  unavailable: count('Have not been heard of.'),
  draining: count('Let their work go.'),
  drained: count('Are empty of work, and take no more.'),
}, { description: 'Nodes by state.' }));
const Problem = named('Problem', answer({
  object: ref(ObjectName),
  condition: text('Type of the condition.', { examples: ['ImageMissing'] }),
  message: text('What was observed.'),
  hint: text('What to do about it.'),
}, { description: 'A condition of an object that needs a look.' }));
export const Status = named('Status', answer({
  cluster: ref(Cluster),
  node: ref(Node),
  daemon_version: text('Version of the daemon that answers.'),
  leader: orNull(Type.String(), 'Id of the node that leads: it places and repairs. null: none at the moment.'),
  nodes: ref(NodeCounts),
  counts: ref(Counts),
  volumes_by_state: Type.Unsafe<Record<string, number>>({ type: 'object', additionalProperties: { type: 'integer', minimum: 0 }, description: 'Number of volumes by state.', examples: [{ ready: 3 }] }),
  capacity: ref(Capacity),
  problems: Type.Array(ref(Problem), { description: 'Objects with conditions, worst first; at most 50.' }),
}, { description: 'How it is going.' }));

export const Version = named('Version', answer({
  version: text('Version of the daemon.', { examples: ['0.1.0'] }),
  api: text('Version of this API.', { examples: ['v1'] }),
  cluster_id: text('Id of the cluster.'),
}, { description: 'Who answers.' }));
export const Health = named('Health', answer({
  ok: flag('True: it answers requests.'),
}, { description: 'The daemon lives.' }));
export const StoreCheck = named('StoreCheck', answer({
  sound: flag('Whether no fault was found.'),
  faults: Type.Array(Type.String(), { description: 'What was found, as sentences; [] when sound.' }),
}, { description: 'Result of checking the control store.' }));
