/** `holdfast_client`: a client's certificate. The key stays where it was made; nothing here is secret. */
import { parseDuration as parseLong } from '../../src/model/duration.ts';
import type { Certificate, Role } from '../../src/model/identity.ts';
import { ROLES } from '../../src/model/identity.ts';
import { checkName } from '../../src/model/name.ts';
import { matching, oneOf, ProviderError, t, timeouts, type PlanOf, type StateOf } from '../framework/index.ts';
import { isUnknown, UNKNOWN } from '../protocol/value.ts';
import { understood } from './check.ts';
import type { Connection } from './connection.ts';
import { holdfast } from './define.ts';
import { isCode } from './failure.ts';
import { differs, keepPrior, settled } from './plan-inputs.ts';
import { UNCHECKED } from './volume-plan-new.ts';

const HOUR_MS = 3_600_000;

const attributes = {
  role: t.string().required().requiresReplace().validate(oneOf(...ROLES))
    .describe('What its holder may do: `admin` everything; `operator` data and nodes, no identities; `plugin` what a scheduler needs of volumes; `read-only` reading. Another role is another client.'),
  name: t.string().required().requiresReplace().validate(understood((name: string) => checkName('client', name))).describe('Who it is, as the audit log shows it. Another name is another client.'),
  csr: t.string().required().validate(matching(/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/, 'be a certificate request in PEM'))
    .describe('Certificate request, PEM, made beside the key: `holdfast cert request --name NAME --key FILE --out FILE`. Another request gets another certificate, and the old one is revoked.'),
  ttl: t.string().default('90d').validate(understood((text: string) => checkLong(text, 'ttl'))).describe('How long it is valid, `10m` to `365d`. Default `90d`.'),
  renew_before: t.string().default('30d').validate(understood((text: string) => checkLong(text, 'renew_before'))).describe('An apply in this time before its end signs a new one, and revokes the old one. Default `30d`; at most half of `ttl` counts.'),
  cluster_id: t.string().computed().describe('Id of the cluster that signed it. Answers of another cluster are refused.'),
  serial: t.string().computed().describe('Serial number of the certificate.'),
  certificate: t.string().computed().describe('The certificate with its chain, PEM. Not secret: worth nothing without its key.'),
  ca_certificate: t.string().computed().describe('Certificate of the cluster\'s authority, PEM.'),
  expires_at: t.string().computed().describe('When it ends: ISO 8601, UTC.'),
  revoked: t.bool().computed().describe('Whether it was revoked by somebody else; the next apply signs a new one.'),
  timeouts: timeouts({ create: '2m', read: '2m', update: '2m', delete: '2m' }),
};
type State = StateOf<typeof attributes>;
type Plan = PlanOf<typeof attributes>;
const INPUTS = ['role', 'name', 'csr', 'ttl', 'renew_before'];
const FOLLOWS = ['cluster_id', 'serial', 'certificate', 'ca_certificate', 'expires_at', 'revoked'] as const;

function checkLong(text: string, field: string): void {
  const ms = parseLong(text, field);
  if (ms < HOUR_MS / 6 || ms > 365 * 24 * HOUR_MS) throw new RangeError(`${field} = "${text}" is not between 10m and 365d.`);
}

/** Whether the certificate ends so soon that a new one is due. */
function isDue(state: Pick<State, 'expires_at'>, { ttl, renew_before }: { readonly ttl: string; readonly renew_before: string }): boolean {
  const before = Math.min(parseLong(renew_before, 'renew_before'), parseLong(ttl, 'ttl') / 2);
  return Date.parse(state.expires_at) - Date.now() < before;
}

async function sign(plan: Plan, connection: Connection, clusterId: string, signal: AbortSignal): Promise<State> {
  const signed = await connection.client.certificates.sign({ role: plan.role as Role, name: plan.name, csr: plan.csr, ttl_ms: parseLong(plan.ttl, 'ttl') }, { signal });
  return settled(plan, { ...plan, cluster_id: clusterId, serial: signed.record.serial, certificate: signed.certificate, ca_certificate: signed.ca, expires_at: signed.record.not_after, revoked: false });
}

async function find({ client }: Connection, { name, serial }: Pick<State, 'name' | 'serial'>, signal: AbortSignal): Promise<Certificate | undefined> {
  for await (const one of client.certificates.list({ name }, { signal })) if (one.serial === serial) return one;
  return undefined;
}

/** The newest certificate of a client that still holds. @throws ProviderError when there is none. */
async function valid({ client }: Connection, ref: string, signal: AbortSignal): Promise<Certificate> {
  let newest: Certificate | undefined;
  for await (const one of client.certificates.list({}, { signal })) {
    const holds = one.kind === 'client' && one.revoked_at === null && Date.parse(one.not_after) > Date.now() && (one.serial === ref || one.name === ref);
    if (holds && (newest === undefined || one.not_after > newest.not_after)) newest = one;
  }
  if (newest === undefined) throw new ProviderError('Nothing to import', `The cluster has no client "${ref}" with a certificate that holds: neither by name nor by serial number. See what there is: holdfast cert list`);
  return newest;
}

const revoke = (connection: Connection, serial: string, signal: AbortSignal): Promise<unknown> =>
  connection.client.certificates.revoke(serial, { signal }).catch((error: unknown) => { if (!isCode(error, 'not_found')) throw error; });

export const client = holdfast.resource({
  name: 'client',
  description: 'A client of the cluster: a certificate with a role, signed for a request whose key stays with the client. Needs an `endpoint` of the cluster and a certificate with the role `admin`. Destroying it revokes the certificate.',
  example: `resource "holdfast_client" "monitor" {
  role = "read-only"
  name = "monitor"
  csr  = file("monitor.csr")
}
`,
  attributes,
  identity: {
    attributes: { cluster_id: { type: 'string', description: 'Id of the cluster.' }, serial: { type: 'string', description: 'Serial number of the certificate.' } },
    of: ({ cluster_id, serial }: State) => ({ cluster_id, serial }),
  },
  async modifyPlan({ prior, plan, replaces }, context) {
    if (context.client === undefined) context.warn('Checks left out', UNCHECKED);
    if (prior === null || replaces) return;
    if (!differs(attributes, INPUTS, plan, prior) && !prior.revoked && !isDue(prior, prior)) return keepPrior(FOLLOWS, plan, prior);
    keepPrior(FOLLOWS, plan, prior);
    const anew = prior.revoked || differs(attributes, ['csr', 'ttl'], plan, prior) || (!isUnknown(plan.ttl) && !isUnknown(plan.renew_before) && plan.ttl !== null && plan.renew_before !== null && isDue(prior, { ttl: plan.ttl, renew_before: plan.renew_before }));
    if (anew) Object.assign(plan, { serial: UNKNOWN, certificate: UNKNOWN, ca_certificate: UNKNOWN, expires_at: UNKNOWN, revoked: false });
  },
  async create(plan, { client: connection, signal }) {
    return sign(plan, connection, await connection.clusterId({ signal, fresh: true }), signal);
  },
  async read(state, { client: connection, signal }) {
    await connection.checkCluster(state.cluster_id, `The client "${state.name}"`, { signal });
    const found = await find(connection, state, signal);
    // What is not listed any more ended long ago, or was pruned after it was revoked: it is signed anew.
    return { ...state, revoked: found === undefined || found.revoked_at !== null };
  },
  importHelp: 'Import by the name of the client or the serial number of its certificate. The certificate itself is kept nowhere: the next apply signs one for your request, and revokes the one that was imported.\n\n```terraform\nimport {\n  to = holdfast_client.monitor\n  id = "monitor"\n}\n```',
  async import({ id, identity }, { client: connection, signal }): Promise<Partial<State>> {
    const clusterId = await connection.checkCluster(identity?.cluster_id ?? null, 'The client', { signal, fresh: true });
    const one = await valid(connection, identity?.serial ?? id ?? '', signal);
    return { role: one.role, name: one.name, csr: '', ttl: '90d', renew_before: '30d', cluster_id: clusterId, serial: one.serial, certificate: '', ca_certificate: '', expires_at: one.not_after, revoked: false, timeouts: null };
  },
  async update(plan, prior, { client: connection, signal }) {
    const clusterId = await connection.checkCluster(prior.cluster_id, `The client "${prior.name}"`, { signal, fresh: true });
    if (!isUnknown(plan.serial)) return settled(plan, { ...prior, ...plan } as State);
    const state = await sign(plan, connection, clusterId, signal);
    await revoke(connection, prior.serial, signal);
    return state;
  },
  async delete(state, { client: connection, signal }) {
    await connection.checkCluster(state.cluster_id, `The client "${state.name}"`, { signal, fresh: true });
    await revoke(connection, state.serial, signal);
  },
});

/** A join token that lives only while Terraform runs: for machines that join without SSH. */
export const joinToken = holdfast.ephemeral({
  name: 'join_token',
  description: 'A token with which one machine joins the cluster, for machines that are made without SSH (see the function `user_data`). It is never stored; write it to where the machine gets it from, such as a write-only attribute of a secret. Needs an `endpoint` of the cluster and a certificate with the role `admin`.',
  example: `ephemeral "holdfast_join_token" "n4" {
  name = "n4"
}
`,
  attributes: {
    name: t.string().describe('The only name of a node that it is good for. Default: any.'),
    roles: t.list(t.string().validate(oneOf('control', 'storage'))).describe('Roles that the node may take. Default: `storage`.'),
    ttl: t.string().validate(understood((text: string) => parseLong(text, 'ttl'))).describe('How long it can be used, `1m` to `7d`. Default `1h`.'),
    token: t.string().computed().sensitive().describe('The token. Secret.'),
    expires_at: t.string().computed().describe('When it ends: ISO 8601, UTC.'),
  },
  async open({ name, roles, ttl }, { client: connection, signal }) {
    const { token, record } = await connection.client.tokens.create({
      grants: 'node', ...(name === null ? {} : { name }), ...(roles === null ? {} : { node_roles: roles as ('control' | 'storage')[] }), ...(ttl === null ? {} : { ttl_ms: parseLong(ttl, 'ttl') }),
    }, { signal });
    return { result: { name, roles, ttl, token, expires_at: record.expires_at } };
  },
});

