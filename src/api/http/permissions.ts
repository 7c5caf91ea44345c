/**
 * Who may do what: one row for every operation of the API. A route without a row refuses to start. Root on the unix
 * socket may do everything; nobody else without a certificate may do more than join.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Caller, Role } from '../../model/identity.ts';

/** A role of a client, or a daemon of the cluster. */
export type Holder = Role | 'node';
/** `anyone`: without a certificate, too. */
type Permission = 'anyone' | readonly Holder[];

const ADMIN: Permission = ['admin'];
const OPERATING: Permission = ['admin', 'operator'];
const PLUGGED: Permission = ['admin', 'operator', 'plugin'];
const READING: Permission = ['admin', 'operator', 'read-only', 'node'];
const ALL: Permission = ['admin', 'operator', 'plugin', 'read-only', 'node'];

export const PERMISSIONS: Readonly<Record<string, Permission>> = {
  getHealth: 'anyone', joinNode: 'anyone', joinClient: 'anyone',
  getVersion: ALL, getCluster: ALL, renewCertificate: ALL, 'GET /v1/openapi.json': ALL, 'GET /metrics': ALL,

  listVolumes: ALL, getVolume: ALL, explainVolume: ALL, listSnapshots: ALL, getSnapshot: ALL, listPools: ALL, getPool: ALL,
  listOperations: ALL, getOperation: ALL, listNodes: ALL, getNode: ALL, getNodeHoldings: ALL,
  getStatus: READING, getCapacity: READING, listTrash: READING, listEvents: READING, watchEvents: READING, listMembers: READING,

  createVolume: PLUGGED, ensureVolume: PLUGGED, publishVolume: PLUGGED, unpublishVolume: PLUGGED, attachVolume: PLUGGED, detachVolume: PLUGGED, removeVolume: PLUGGED,
  createSnapshot: PLUGGED, removeSnapshot: PLUGGED,

  updateVolume: OPERATING, resizeVolume: OPERATING, recoverVolume: OPERATING, restoreTrash: OPERATING, purgeTrash: OPERATING,
  updateSnapshot: OPERATING, restoreSnapshot: OPERATING, cancelOperation: OPERATING,
  createPool: OPERATING, updatePool: OPERATING, growPool: OPERATING, removePool: OPERATING, checkStore: OPERATING,
  updateNode: OPERATING, drainNode: OPERATING, undrainNode: OPERATING,

  wipePool: ADMIN, removeNode: ADMIN,
  createToken: ADMIN, listTokens: ADMIN, removeToken: ADMIN,
  listCertificates: ADMIN, signClient: ADMIN, revokeCertificate: ADMIN, listAudit: ADMIN,
};

/** The row of a route. @throws when there is none: a route that nobody thought about must not be served. */
export function permissionOf(route: string): Permission {
  const permission = Object.hasOwn(PERMISSIONS, route) ? PERMISSIONS[route] : undefined;
  if (permission === undefined) throw new Error(`${route} has no row in the table of permissions`);
  return permission;
}

/** @throws permission_denied, saying who may. */
export function checkPermission(route: string, caller: Caller): void {
  const permission = permissionOf(route);
  if (caller.kind === 'local' || permission === 'anyone') return;
  const holder = caller.kind === 'client' ? caller.role : caller.kind === 'node' ? 'node' : null;
  if (holder !== null && permission.includes(holder)) return;
  const who = caller.kind === 'client' ? `${caller.name} has the role ${caller.role}, which` : caller.kind === 'node' ? `node ${caller.name}` : 'a token';
  throw new HoldfastError('permission_denied', `${who} does not allow ${route}`, { object: 'permission', hint: `It takes the role ${permission.filter((one) => one !== 'node').join(' or ')}.` });
}
