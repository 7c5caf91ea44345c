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
} as const;
