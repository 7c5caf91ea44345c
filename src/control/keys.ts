/** Where each record lies in the store. Nobody else writes a key by hand. */

export const KEYS = {
  cluster: '/cluster',
  node: (id: string) => `/nodes/${id}`,
  nodes: '/nodes/',
  pool: (id: string) => `/pools/${id}`,
  pools: '/pools/',
  volume: (id: string) => `/volumes/${id}`,
  volumes: '/volumes/',
  /** Trashed volumes: their names are free, their bytes still count. */
  trashed: (id: string) => `/trash/${id}`,
  trash: '/trash/',
  snapshot: (id: string) => `/snapshots/${id}`,
  snapshots: '/snapshots/',
  operation: (id: string) => `/operations/${id}`,
  operations: '/operations/',
  event: (id: string) => `/events/${id}`,
  events: '/events/',
  idempotency: (digest: string) => `/idempotency/${digest}`,
  idempotencies: '/idempotency/',
  /** Name indexes: value is the id. A name is taken by the transaction that creates its key. */
  poolName: (name: string) => `/names/pool/${name}`,
  volumeName: (name: string) => `/names/volume/${name}`,
  snapshotName: (volumeId: string, name: string) => `/names/snapshot/${volumeId}/${name}`,
  snapshotNames: (volumeId: string) => `/names/snapshot/${volumeId}/`,
  /** Trashed volumes by the name they had: value is the id. */
  trashName: (name: string, volumeId: string) => `/names/trash/${name}/${volumeId}`,
  trashNames: (name: string) => `/names/trash/${name}/`,
  allTrashNames: '/names/trash/',
  /** How the records lie: `{ version }`, see `format.ts`. */
  format: '/format',
  /** Guard: the operation that runs on an object (by the object's id). One at a time in the whole cluster. */
  running: (targetId: string) => `/running/${targetId}`,
  runnings: '/running/',
  /** What a carrier (a node's id, or `leader`) has to carry out: touched when it should look again. */
  work: (carrier: string, operationId: string) => `/work/${carrier}/${operationId}`,
  works: (carrier: string) => `/work/${carrier}/`,
  /** Volumes, trash included, with a replica on the node: value is the replica's id. Written again with every write of the volume's record. */
  placed: (nodeId: string, volumeId: string) => `/placed/${nodeId}/${volumeId}`,
  placedOn: (nodeId: string) => `/placed/${nodeId}/`,
  /** Pools of the node: value is the pool's name. */
  hosted: (nodeId: string, poolId: string) => `/hosted/${nodeId}/${poolId}`,
  hostedOn: (nodeId: string) => `/hosted/${nodeId}/`,
  /** Volumes whose descriptor on the medium the node should write again. */
  undescribed: (nodeId: string, volumeId: string) => `/undescribed/${nodeId}/${volumeId}`,
  undescribedOn: (nodeId: string) => `/undescribed/${nodeId}/`,
  /** Under the node's lease, as long as its daemon lives. */
  alive: (nodeId: string) => `/alive/${nodeId}`,
  alives: '/alive/',
  leader: '/leader',
  /** Name index of nodes: taken by the transaction that joins one. A value without a record is nobody's. */
  nodeName: (name: string) => `/names/node/${name}`,
  token: (id: string) => `/tokens/${id}`,
  tokens: '/tokens/',
  /** Certificates that were given out, by serial number: in the order of making. Issuers of control nodes lie apart. */
  certificate: (serial: string) => `/certificates/${serial}`,
  certificates: '/certificates/',
  issuer: (serial: string) => `/issuers/${serial}`,
  issuers: '/issuers/',
  revoked: (serial: string) => `/revoked/${serial}`,
  revocations: '/revoked/',
  /** By the complement of the id: the newest come first. */
  audit: (id: string) => `/audit/${complement(id)}`,
  audits: '/audit/',
  /** How many volumes of one placement rule and label value each node holds, see `groups.ts`. */
  group: (name: string) => `/groups/${name}`,
  groups: '/groups/',
} as const;

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const complement = (id: string): string => id.slice(id.indexOf('_') + 1).replace(/./g, (c) => ALPHABET[31 - ALPHABET.indexOf(c)] ?? '0');
