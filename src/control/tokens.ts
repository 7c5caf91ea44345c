/**
 * Join tokens: made, listed, withdrawn, and redeemed exactly once. Only a hash of the secret is kept. The first keys that
 * redeem a token own it: the same ones get the same answer until it expires, others are refused.
 */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import { ROLES, type JoinToken } from '../model/identity.ts';
import { checkName } from '../model/name.ts';
import { NODE_ROLES, type Node } from '../model/node.ts';
import type { IdentityControl } from './cluster-control.ts';
import { isoNow, mintId } from './context.ts';
import { needTokens, type IdentityContext } from './identity-context.ts';
import { KEYS } from './keys.ts';
import type { Entry } from './ports/store.ts';
import { needNode, page } from './repository.ts';

const MINUTE_MS = 60_000;
export const TOKEN_TTL_MS = { default: 60 * MINUTE_MS, min: MINUTE_MS, max: 7 * 24 * 60 * MINUTE_MS } as const;

/** Who redeemed it, and what came of it. */
export interface Claim {
  /** Hashes of the public keys in the requests, in a fixed order. */
  readonly keys: string;
  /** Name that was asked for. */
  readonly name: string;
  /** For nodes: the id that it has, or will have. */
  readonly node: string | null;
  /** Members of the store that a replaced node has left, to be removed; absent until it was looked for them. */
  readonly leaving?: readonly string[];
  /** They have been removed. */
  readonly cleared: boolean;
  /** The whole answer; null until everything was recorded. */
  readonly answer: unknown;
}

/** As it lies in the store. */
export interface StoredToken {
  readonly id: string;
  readonly record: JoinToken;
  readonly secret_sha256: string;
  readonly claim: Claim | null;
}

export function createTokenUseCases(ctx: IdentityContext): Pick<IdentityControl, 'createToken' | 'listTokens' | 'removeToken'> {
  return {
    async createToken(request, options = {}) {
      const codec = needTokens(ctx);
      const record = { ...(await checked(ctx, request)), id: mintId(ctx, 'token'), created_at: isoNow(ctx.clock), created_by: options.actor ?? 'root', used_at: null };
      const { token, secret_sha256 } = codec.mint(record.id);
      const stored: StoredToken = { id: record.id, record, secret_sha256, claim: null };
      await ctx.store.txn([{ key: KEYS.token(record.id), revision: 0 }], [{ op: 'put', key: KEYS.token(record.id), value: stored }]);
      return { token, record };
    },
    async listTokens(query = {}) {
      needTokens(ctx);
      const { items, next } = await page<StoredToken>(ctx.store, KEYS.tokens, query);
      return { items: items.map(({ record }) => record), next };
    },
    async removeToken(id) {
      needTokens(ctx);
      const entry = isId('token', id) ? await ctx.store.get<StoredToken>(KEYS.token(id)) : null;
      if (entry === null) throw new HoldfastError('not_found', `there is no join token "${clip(id)}"`, { object: `token ${clip(id)}`, hint: 'List them: holdfast cluster token list' });
      await ctx.store.txn([], [{ op: 'delete', key: entry.key }]);
    },
  };
}

type Requested = Parameters<IdentityControl['createToken']>[0];

async function checked(ctx: IdentityContext, request: Requested): Promise<Pick<JoinToken, 'grants' | 'name' | 'node_roles' | 'replaces' | 'expires_at'>> {
  const { grants, ttl_ms: ttl = TOKEN_TTL_MS.default } = request;
  const refuse = (field: string, message: string, hint: string): never => { throw new HoldfastError('invalid_argument', `${field}: ${message}`, { object: 'join token', field, hint }); };
  if (grants !== 'node' && !ROLES.includes(grants)) refuse('grants', `"${clip(String(grants))}" is nothing that a token can grant`, `One of: node, ${ROLES.join(', ')}.`);
  if (!Number.isSafeInteger(ttl) || ttl < TOKEN_TTL_MS.min || ttl > TOKEN_TTL_MS.max) refuse('ttl_ms', `${ttl} is not from ${TOKEN_TTL_MS.min} (1 minute) to ${TOKEN_TTL_MS.max} (7 days)`, 'Default: an hour.');
  if (grants !== 'node' && request.node_roles !== undefined) refuse('node_roles', 'a token for a client has none', 'Leave node_roles out.');
  if (grants !== 'node' && request.replaces !== undefined) refuse('replaces', 'a token for a client replaces no node', 'Leave replaces out.');
  const roles = request.node_roles ?? ['storage'];
  if (roles.length === 0 || roles.some((role) => !NODE_ROLES.includes(role)) || new Set(roles).size !== roles.length) refuse('node_roles', 'these are not roles of a node', `One or both of: ${NODE_ROLES.join(', ')}.`);
  const expires_at = new Date(ctx.clock.now() + ttl).toISOString();
  if (grants !== 'node') return { grants, name: request.name === undefined ? null : checkName('client', request.name), node_roles: [], replaces: null, expires_at };
  const replaced = request.replaces === undefined ? null : (await needNode(ctx.store, request.replaces)).value;
  if (replaced === null) return { grants, name: request.name === undefined ? null : checkName('node', request.name), node_roles: [...roles], replaces: null, expires_at };
  if (ctx.settings.isAlive(replaced.id)) throw stillLives(replaced);
  if (request.name !== undefined && request.name !== replaced.name) refuse('name', `the new machine takes the name ${replaced.name} of the node that it replaces`, 'Leave name out.');
  return { grants, name: replaced.name, node_roles: request.node_roles === undefined ? [...replaced.spec.roles] : [...roles], replaces: replaced.id, expires_at };
}

export const stillLives = (node: Node): HoldfastError =>
  new HoldfastError('conflict', `node ${node.name} lives: only a dead one can be replaced`, { object: `node ${node.name}`, field: 'replaces', hint: `Stop its daemon first, or take it out: holdfast node drain ${node.name}, then holdfast node remove ${node.name}` });

const refuseToken = (id: string) => (message: string, hint = 'Ask an admin for a new one: holdfast cluster token create'): never => { throw new HoldfastError('permission_denied', `the join token ${message}`, { object: `token ${id}`, field: 'token', hint }); };

/**
 * The token of a text, whatever it is for. Asked before anything else is looked at: strangers cost little, and learn nothing.
 * @throws permission_denied, each with its own words: of another cluster, not known, expired.
 */
export async function knownToken(ctx: IdentityContext, text: string): Promise<Entry<StoredToken>> {
  const { id, secret_sha256, of_this_cluster } = needTokens(ctx).read(text);
  const refuse = refuseToken(id);
  if (!of_this_cluster) refuse('is of another cluster');
  const entry = await ctx.store.get<StoredToken>(KEYS.token(id));
  if (entry === null || entry.value.secret_sha256 !== secret_sha256) return refuse('is not known: it is wrong, or was withdrawn');
  const { expires_at } = entry.value.record;
  if (ctx.clock.now() >= Date.parse(expires_at)) refuse(`has expired at ${expires_at}; it is ${isoNow(ctx.clock)} here`);
  return entry;
}

/**
 * The token of a text, when it may be redeemed by these keys.
 * @throws permission_denied as `knownToken`, and: used, for something else.
 */
export async function admitToken(ctx: IdentityContext, text: string, wanted: { readonly kind: 'node' | 'client'; readonly name: string; readonly keys: string }): Promise<Entry<StoredToken>> {
  const entry = await knownToken(ctx, text);
  const refuse = refuseToken(entry.value.id);
  const { record, claim } = entry.value;
  if (claim !== null && claim.keys !== wanted.keys) refuse(`was used already, at ${record.used_at ?? ''} for ${record.grants === 'node' ? 'node' : 'client'} ${claim.name}`, 'A token is good for one machine and its keys. Ask an admin for a new one: holdfast cluster token create');
  if ((record.grants === 'node') !== (wanted.kind === 'node')) refuse(record.grants === 'node' ? 'lets a node join; it gives no client certificate' : `gives a client certificate (${record.grants}); no node can join with it`);
  if (record.name !== null && record.name !== wanted.name) refuse(`is for the name ${record.name}, not for ${clip(wanted.name)}`, `Use the name ${record.name}, or ask for another token.`);
  if (claim !== null && claim.name !== wanted.name) refuse(`was used already, for the name ${claim.name}`);
  return entry;
}

/** Forgets tokens that expired a week ago. */
export async function pruneTokens(ctx: IdentityContext): Promise<void> {
  const { entries } = await ctx.store.list<StoredToken>(KEYS.tokens);
  const old = entries.filter(({ value }) => Date.parse(value.record.expires_at) < ctx.clock.now() - TOKEN_TTL_MS.max);
  for (let at = 0; at < old.length; at += 100) await ctx.store.txn([], old.slice(at, at + 100).map(({ key }) => ({ op: 'delete', key })));
}
