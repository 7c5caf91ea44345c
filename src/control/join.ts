/**
 * Joining: a machine, or a client, redeems a token. The token is taken first (compare-and-swap, by the keys of the
 * requests); everything after can be repeated by the same keys and ends in one transaction that records node, certificates
 * and answer together: nothing half-joined is ever seen, and a repeated request is answered alike.
 */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { hostsOf, type CertificateUri, type Role } from '../model/identity.ts';
import { checkLabels, checkName, isName } from '../model/name.ts';
import { NODE_FEATURES, NODE_ROLES, type HoldfastEvent, type Node, type NodeFeature } from '../model/node.ts';
import { CLIENT_TTL_MS, createCertificateUseCases, NODE_TTL_MS, recorded } from './certificates.ts';
import type { IdentityControl, JoinAnswer, JoinRequest } from './cluster-control.ts';
import { isoNow, mintId } from './context.ts';
import { membersOf } from './cluster/control-nodes.ts';
import { needAuthority, needCluster, type IdentityContext } from './identity-context.ts';
import { KEYS } from './keys.ts';
import type { Authority } from './ports/authority.ts';
import type { Compare, Entry, Write } from './ports/store.ts';
import { admitToken, knownToken, stillLives, type Claim, type StoredToken } from './tokens.ts';
import type { StoredCertificate, StoredIssuer } from './trust.ts';

/** More than this between the clocks is refused: certificates and tokens count time. */
export const MAX_CLOCK_DIFFERENCE_MS = 300_000;
const PEER_PORT = 2380;
const CLIENT_PORT = 2379;
const MAX_TRIES = 20;

type Claimed = Entry<StoredToken> & { readonly value: { readonly claim: Claim } };
type Answer = JoinAnswer | Awaited<ReturnType<IdentityControl['joinClient']>>;

export function createJoinUseCases(ctx: IdentityContext): Pick<IdentityControl, 'joinNode' | 'joinClient'> {
  return {
    async joinNode(request) {
      await knownToken(ctx, request.token);
      const authority = await needAuthority(ctx);
      checkJoin(request, ctx.clock.now());
      const keys = (await Promise.all([request.csr, request.store_csr, ...(request.issuer_csr === undefined ? [] : [request.issuer_csr]), ...(request.store_issuer_csr === undefined ? [] : [request.store_issuer_csr])].map((csr) => authority.keyOf(csr)))).join('.');
      const redeeming = { kind: 'node', name: request.name, keys } as const;
      return redeem(ctx, request.token, redeeming, async (token) => {
        checkRoles(request, token.value);
        return (await placeFor(ctx, request.name, token.value.record.replaces)).before?.value.id ?? mintId(ctx, 'node');
      }, (token) => admitNode(ctx, authority, request, token));
    },

    async joinClient({ token, name, csr }) {
      await knownToken(ctx, token);
      const authority = await needAuthority(ctx);
      checkName('client', name);
      const keys = await authority.keyOf(csr);
      return redeem(ctx, token, { kind: 'client', name, keys }, async (found) => {
        if (found.value.record.name === null) await needFreeClient(ctx, name);
        return null;
      }, async (found) => {
        const cluster = await needCluster(ctx);
        const uri: CertificateUri = { cluster: cluster.id, kind: 'client', role: found.value.record.grants as Role, name };
        const signed = await authority.sign(csr, uri, { hosts: [], ttl_ms: CLIENT_TTL_MS.default });
        return { answer: { certificate: signed.chain, ca: authority.ca, cluster_id: cluster.id }, compare: [], writes: [recorded(ctx, signed, uri, found.value.record.created_by).write] };
      });
    },
  };
}

interface Admitted<A> {
  readonly answer: A;
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
}

/** The same request is carried out twice at a time, and the other run is ahead: all is looked at anew. */
class Overtaken extends Error {}

/**
 * @param check whether this token may be taken by this request; @returns the node's id. Nothing was written yet.
 * @param admit signs and decides what is recorded. May run several times.
 */
async function redeem<A extends Answer>(ctx: IdentityContext, text: string, wanted: Parameters<typeof admitToken>[2], check: (token: Entry<StoredToken>) => Promise<string | null>, admit: (token: Claimed) => Promise<Admitted<A>>): Promise<A> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const token = await admitToken(ctx, text, wanted);
    const { key, revision, value } = token;
    if (value.claim?.answer !== undefined && value.claim.answer !== null) return value.claim.answer as A;
    if (value.claim === null) {
      const claim: Claim = { keys: wanted.keys, name: wanted.name, node: await check(token), cleared: false, answer: null };
      await ctx.store.txn([{ key, revision }], [{ op: 'put', key, value: { ...value, claim, record: { ...value.record, used_at: isoNow(ctx.clock) } } satisfies StoredToken }]);
      continue;
    }
    const admitted = await admit({ ...token, value: { ...value, claim: value.claim } }).catch((error: unknown) => {
      if (error instanceof Overtaken) return null;
      throw error;
    });
    if (admitted === null) continue;
    const { answer, compare, writes } = admitted;
    // Read anew: admitting may have noted a step in the token.
    const now = await ctx.store.get<StoredToken>(key);
    if (now?.value.claim === null || now?.value.claim.answer !== null) continue;
    const done: StoredToken = { ...now.value, claim: { ...now.value.claim, answer } };
    if ((await ctx.store.txn([{ key, revision: now.revision }, ...compare], [{ op: 'put', key, value: done }, ...writes])).committed) return answer;
  }
  throw new HoldfastError('unavailable', 'others join at the same time and keep changing the same records', { object: `${wanted.kind} ${clip(wanted.name)}`, hint: 'Try again.' });
}

async function admitNode(ctx: IdentityContext, authority: Authority, request: JoinRequest, token: Claimed): Promise<Admitted<JoinAnswer>> {
  const { record, claim } = token.value;
  checkRoles(request, token.value);
  const cluster = await needCluster(ctx);
  const nodeId = claim.node ?? mintId(ctx, 'node');
  const place = await placeFor(ctx, request.name, record.replaces, nodeId);
  const { member, token: noted } = await joinMembers(ctx, request, token, place.before?.value ?? null);
  const hosts = hostsOf(request.name, request.address);
  const uri: CertificateUri = { cluster: cluster.id, kind: 'node', node: nodeId, name: request.name };
  const own = await authority.sign(request.csr, uri, { hosts, ttl_ms: NODE_TTL_MS });
  const store = await authority.signStore(request.store_csr, request.name, { hosts, ttl_ms: NODE_TTL_MS });
  const issuer = request.issuer_csr === undefined ? null : await authority.signIssuer(request.issuer_csr, request.name, 'cluster');
  const storeIssuer = request.store_issuer_csr === undefined ? null : await authority.signIssuer(request.store_issuer_csr, request.name, 'store');
  // Only while nobody has answered this token: what another run of the same request has given out is not taken back.
  const revoked = record.replaces === null || await createCertificateUseCases(ctx).revokeNode(record.replaces, `replaced by ${request.machine_id}`, [{ key: noted.key, revision: noted.revision }]);
  if (!revoked) throw new Overtaken();
  const { entries } = await ctx.store.list<Node>(KEYS.nodes);
  const node = nodeOf(ctx, request, nodeId, place.before?.value ?? null);
  const event: HoldfastEvent = {
    id: mintId(ctx, 'event'), at: isoNow(ctx.clock), object: { kind: 'node', id: nodeId, name: request.name }, reason: record.replaces === null ? 'NodeJoined' : 'NodeReplaced', severity: 'info',
    message: record.replaces === null ? `node ${request.name} joined at ${request.address}` : `another machine at ${request.address} took the place of node ${request.name}`,
  };
  const answer: JoinAnswer = {
    cluster_id: cluster.id, cluster_name: cluster.name, node_id: nodeId,
    ca: authority.ca, certificate: own.chain, store_ca: authority.storeCa, store_certificate: store.chain,
    issuer: issuer?.chain ?? null, store_issuer: storeIssuer?.chain ?? null,
    store: { endpoints: ctx.settings.storeEndpoints(), member },
    addresses: entries.flatMap(({ value: { id, spec } }) => (spec.address === null || id === nodeId ? [] : [spec.address])),
  };
  return {
    answer,
    compare: [...place.compare, { key: KEYS.node(nodeId), revision: place.before?.revision ?? 0 }],
    writes: [
      { op: 'put', key: KEYS.nodeName(request.name), value: nodeId }, { op: 'put', key: KEYS.node(nodeId), value: node },
      recorded(ctx, own, uri, record.created_by).write, { op: 'put', key: KEYS.event(event.id), value: event },
      ...(issuer === null ? [] : [{ op: 'put' as const, key: KEYS.issuer(issuer.serial), value: { id: issuer.serial, sha256: issuer.sha256, node: nodeId, not_after: issuer.not_after } satisfies StoredIssuer }]),
    ],
  };
}

function checkRoles(request: JoinRequest, { record }: StoredToken): void {
  const beyond = request.roles.filter((role) => !record.node_roles.includes(role));
  if (beyond.length === 0) return;
  throw new HoldfastError('permission_denied', `the join token does not allow the role ${beyond.join(', ')}; it allows ${record.node_roles.join(', ')}`, { object: `node ${request.name}`, field: 'roles', hint: 'Ask an admin for another one: holdfast cluster token create --for node --node-role control --node-role storage' });
}

/** The name, free or that of the node that is replaced. @throws conflict when somebody has it. */
async function placeFor(ctx: IdentityContext, name: string, replaces: string | null, own?: string): Promise<{ readonly before: Entry<Node> | null; readonly compare: readonly Compare[] }> {
  const index = await ctx.store.get<string>(KEYS.nodeName(name));
  const compare = [{ key: KEYS.nodeName(name), revision: index?.revision ?? 0 }];
  const { entries } = await ctx.store.list<Node>(KEYS.nodes);
  if (replaces !== null) {
    const before = entries.find(({ value }) => value.id === replaces);
    if (before === undefined) throw new HoldfastError('failed_precondition', `the node that is to be replaced (${replaces}) is not in the cluster any more`, { object: `node ${name}`, field: 'token', hint: 'Join as a new node: ask for a token without --replaces.' });
    if (ctx.settings.isAlive(replaces)) throw stillLives(before.value);
    return { before, compare };
  }
  const taken = entries.find(({ value }) => value.name === name && value.id !== own);
  if (taken === undefined) return { before: null, compare };
  const alive = ctx.settings.isAlive(taken.value.id);
  throw new HoldfastError('conflict', `there is a node ${name} already (${taken.value.id}${taken.value.spec.address === null ? '' : `, ${taken.value.spec.address}`}), and it ${alive ? 'lives' : 'is not to be reached'}`, {
    object: `node ${name}`, field: 'name',
    hint: alive ? 'Give this machine another name.' : `If this machine takes its place: holdfast cluster token create --for node --replaces ${name}`,
  });
}

/** Its member of the control store, as a learner; null where it has none, or the cluster does not run its own. Again: the same. */
async function joinMembers(ctx: IdentityContext, request: JoinRequest, before: Claimed, replaced: Node | null): Promise<{ readonly member: JoinAnswer['store']['member']; readonly token: Claimed }> {
  let token = before;
  if (ctx.members === null) return { member: null, token };
  const host = request.address.replace(/:\d+$/, '');
  const peer_url = `https://${host}:${PEER_PORT}`;
  if (replaced !== null && !token.value.claim.cleared) {
    // Its data are gone with the machine: the old member must leave, even where the new one has its address. Which ones is
    // noted first, so that the same request, coming once more meanwhile, does not take the new one for an old one.
    const old = await ctx.members.list();
    const leaving = token.value.claim.leaving ?? old.filter(({ peer_urls }) => peer_urls.includes(peer_url)).concat(membersOf(replaced, old)).map(({ id }) => id);
    token = await noteClaim(ctx, token, { ...token.value.claim, leaving });
    for (const id of new Set(leaving)) await ctx.members.remove(id);
    token = await noteClaim(ctx, token, { ...token.value.claim, cleared: true });
  }
  if (!request.roles.includes('control')) return { member: null, token };
  const { initial_cluster } = await ctx.members.addLearner(request.name, peer_url);
  return { token, member: { name: request.name, initial_cluster, peer_url, client_url: `https://${host}:${CLIENT_PORT}` } };
}

async function noteClaim(ctx: IdentityContext, { key, revision, value }: Claimed, claim: Claim): Promise<Claimed> {
  const next = { ...value, claim };
  const done = await ctx.store.txn([{ key, revision }], [{ op: 'put', key, value: next satisfies StoredToken }]);
  if (!done.committed) throw new Overtaken();
  return { key, value: next, revision: done.revision };
}

const UNKNOWN = Object.fromEntries(NODE_FEATURES.map((feature) => [feature, { available: false, reason: 'its daemon has not reported yet' }])) as Record<NodeFeature, { available: boolean; reason: string }>;

function nodeOf(ctx: IdentityContext, request: JoinRequest, id: string, before: Node | null): Node {
  return {
    id, name: request.name, version: (before?.version ?? 0) + 1, owner: before?.owner ?? '', labels: request.labels,
    spec: { roles: [...request.roles], zone: request.zone, address: request.address, cordoned: false },
    status: {
      state: 'joining', conditions: [], observed_at: null, daemon_version: request.daemon_version,
      capabilities: { kernel: '', boot_id: '', machine_id: request.machine_id, features: UNKNOWN },
    },
    created_at: before?.created_at ?? isoNow(ctx.clock),
  };
}

async function needFreeClient(ctx: IdentityContext, name: string): Promise<void> {
  const { entries } = await ctx.store.list<StoredCertificate>(KEYS.certificates);
  const holder = entries.find(({ value: { certificate: one } }) => one.kind === 'client' && one.name === name && one.revoked_at === null && Date.parse(one.not_after) > ctx.clock.now());
  if (holder !== undefined) throw new HoldfastError('conflict', `there is a client ${name} already (certificate ${holder.value.certificate.serial})`, { object: `client ${name}`, field: 'name', hint: 'Choose another name; or renew that certificate (holdfast cert rotate), or ask for a token made for this name.' });
}

/** What can be seen in the request alone. @throws invalid_argument, or failed_precondition for clocks that differ. */
function checkJoin(request: JoinRequest, now: number): void {
  const object = `node ${checkName('node', request.name)}`;
  const refuse = (field: string, message: string, hint: string): never => { throw new HoldfastError('invalid_argument', `${field}: ${message}`, { object, field, hint }); };
  if (request.roles.length === 0 || request.roles.some((role) => !NODE_ROLES.includes(role)) || new Set(request.roles).size !== request.roles.length) refuse('roles', 'these are not roles of a node', `One or both of: ${NODE_ROLES.join(', ')}.`);
  if (request.zone !== '' && !isName(request.zone)) refuse('zone', `"${clip(request.zone)}" is not a zone`, 'A name such as rack-1; "" for none.');
  checkLabels(object, request.labels);
  if (!/^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]{1,253}):\d{1,5}$/.test(request.address) || Number(request.address.replace(/^.*:/, '')) > 65_535) refuse('address', `"${clip(request.address)}" is not host:port`, 'For example 10.0.0.12:7480.');
  const control = request.roles.includes('control');
  if (control !== (request.issuer_csr !== undefined) || control !== (request.store_issuer_csr !== undefined)) refuse('issuer_csr', control ? 'a node with the role control asks for authorities of its own' : 'only a node with the role control has authorities of its own', 'Send issuer_csr and store_issuer_csr with the role control, and only then.');
  if (Math.abs(request.now_ms - now) > MAX_CLOCK_DIFFERENCE_MS) {
    const shown = (ms: number): string => (Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : String(ms));
    throw new HoldfastError('failed_precondition', `the clocks differ too much: it is ${shown(request.now_ms)} on ${request.name}, and ${shown(now)} in the cluster`, { object, field: 'now_ms', hint: 'Set the clock of the machine right, and keep it so: chrony or systemd-timesyncd.' });
  }
}
