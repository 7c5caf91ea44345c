/** Tokens, joining, certificates and the audit log, as they are sent and asked for. */
import { Type } from 'typebox';
import { ROLES } from '../../../model/identity.ts';
import { answer, choice, count, millis, named, nameText, orNull, ref, request, text, time } from './building.ts';
import { nodeAddress, nodeRoles, zone } from './node.ts';
import { Labels, pageOf } from './record.ts';
import { ObjectName } from './system.ts';

const GRANTS = ['node', ...ROLES] as const;
const pem = (description: string, more: object = {}) => Type.String({ minLength: 1, maxLength: 16_384, description: `${description} PEM.`, ...more });
const csr = (what: string) => pem(`Certificate request ${what}; only its key counts.`);
const role = () => choice(ROLES, '`admin`: everything. `operator`: data and nodes, no identities. `plugin`: what a scheduler needs. `read-only`: reading.');
const tokenText = () => Type.String({ minLength: 1, maxLength: 1024, description: 'The join token as it was printed: a secret, good for one use.' });
const CSR_EXAMPLE = '-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n';

export const JoinToken = named('JoinToken', answer({
  id: text('Id of the token.', { examples: ['tok_01JD9Z3QK7W5T8X2M4N6P0R1SA'] }),
  grants: choice(GRANTS, 'What it gives: `node` lets a machine join; a role gives a client certificate of it.'),
  name: orNull(Type.String(), 'The only name that may be asked for; null: any free one.'),
  node_roles: Type.Array(Type.String(), { description: 'For nodes: the roles that it may take.' }),
  replaces: orNull(Type.String(), 'For nodes: id of the dead node that the new machine takes the place of; null: none.'),
  created_at: time('When it was made.'),
  created_by: text('Who made it.'),
  expires_at: time('Until when it may be used.'),
  used_at: orNull(Type.String(), 'When it was used, ISO 8601, UTC; null: not yet.'),
}, { description: 'A one-time permission to get a certificate. Its secret is not kept.' }));
export const JoinTokenPage = pageOf('JoinTokenPage', JoinToken, 'join tokens');
export const CreateToken = named('CreateToken', request({
  grants: choice(GRANTS, '`node` lets a machine join; a role gives a client certificate of it.'),
  name: Type.Optional(nameText('node or client', { description: 'The only name that may be asked for. Default: any free one.' })),
  node_roles: Type.Optional(nodeRoles('For nodes: the roles that it may take. Default: storage.')),
  replaces: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'For nodes: id or name of the dead node that the new machine takes the place of.' })),
  ttl_ms: Type.Optional(millis('How long it may be used, a minute to 7 days. Default: an hour.', { minimum: 60_000, maximum: 604_800_000, default: 3_600_000 })),
}, { description: 'The token to make.', examples: [{ grants: 'node', node_roles: ['storage'] }] }));
export const CreatedToken = named('CreatedToken', answer({
  token: tokenText(),
  record: ref(JoinToken),
}, { description: 'The token, which is shown this once, and what is kept of it.' }));

export const JoinNode = named('JoinRequest', request({
  token: tokenText(),
  name: nameText('node'),
  roles: nodeRoles('The roles that it takes.'),
  zone: zone(),
  labels: ref(Labels),
  address: nodeAddress(),
  machine_id: Type.String({ maxLength: 128, description: 'Id of the machine.' }),
  daemon_version: Type.String({ maxLength: 64, description: 'Version of its daemon.' }),
  now_ms: count('Its wall clock, milliseconds since 1970: more than 5 minutes from the cluster\'s is refused. In milliseconds.'),
  csr: csr('for its certificate'),
  store_csr: csr('for its certificate towards the control store'),
  issuer_csr: Type.Optional(csr('for an authority of its own; with the role control, and only then')),
  store_issuer_csr: Type.Optional(csr('for an authority of its own in the control store\'s domain; with the role control, and only then')),
}, { description: 'A machine that joins.', examples: [{ token: 'hft1.…', name: 'n2', roles: ['storage'], zone: '', labels: {}, address: '10.0.0.12:7480', machine_id: '0f3a…', daemon_version: '0.1.0', now_ms: 1_795_300_000_000, csr: CSR_EXAMPLE, store_csr: CSR_EXAMPLE }] }));
const JoinedMember = named('JoinedMember', answer({
  name: text('Name of the member.'),
  initial_cluster: text('What it starts with, as etcd wants it.'),
  peer_url: text('Where the other members reach it.'),
  client_url: text('Where daemons reach it.'),
}, { description: 'Its member of the control store.' }));
export const JoinAnswer = named('JoinAnswer', answer({
  cluster_id: text('Id of the cluster.'),
  cluster_name: text('Name of the cluster.'),
  node_id: text('Id of the node.'),
  ca: pem('The cluster\'s root certificate.'),
  certificate: pem('Its certificate, with the issuers and the root.'),
  store_ca: pem('Root certificate of the control store.'),
  store_certificate: pem('Its certificate towards the control store, with the issuers and the root.'),
  issuer: orNull(Type.String(), 'Certificate of its own authority, PEM; null without the role control.'),
  store_issuer: orNull(Type.String(), 'The same for the control store, PEM; null without the role control.'),
  store: Type.Object({
    endpoints: Type.Array(Type.String(), { description: 'URLs of the control store.' }),
    member: Type.Unsafe<{ name: string; initial_cluster: string; peer_url: string; client_url: string } | null>({ anyOf: [ref(JoinedMember), { type: 'null' }], description: 'Its own member; null where it has none.' }),
  }, { description: 'How it reaches the control store.' }),
  addresses: Type.Array(Type.String(), { description: '`host:port` of nodes that answer the REST API.' }),
}, { description: 'What a machine needs to be a node. Certificates are no secrets; the keys never left the machine.' }));
export const JoinClient = named('JoinClientRequest', request({
  token: tokenText(),
  name: nameText('client'),
  csr: csr('for the certificate'),
}, { description: 'A client that redeems a token.', examples: [{ token: 'hft1.…', name: 'alice', csr: CSR_EXAMPLE }] }));
export const JoinClientAnswer = named('JoinClientAnswer', answer({
  certificate: pem('The certificate, with the issuers and the root.'),
  ca: pem('The cluster\'s root certificate.'),
  cluster_id: text('Id of the cluster.'),
}, { description: 'A client\'s certificate.' }));

export const Certificate = named('Certificate', answer({
  serial: text('Serial number, lower-case hex.'),
  uri: text('Whom it names, as in the certificate.', { examples: ['holdfast://clu_01JD9Z3QK7W5T8X2M4N6P0R1SA/client/operator/alice'] }),
  kind: choice(['client', 'node'], 'Whose it is.'),
  role: choice([...ROLES, 'node'], 'What it lets its holder do.'),
  name: text('Name of the client or node.'),
  not_before: time('From when it is valid.'),
  not_after: time('Until when it is valid.'),
  issued_at: time('When it was made.'),
  issued_by: text('Who asked for it.'),
  revoked_at: orNull(Type.String(), 'When it was revoked, ISO 8601, UTC; null: it was not.'),
}, { description: 'A certificate that was given out.' }));
export const CertificatePage = pageOf('CertificatePage', Certificate, 'certificates');
export const SignCertificate = named('SignCertificate', request({
  role: role(),
  name: nameText('client', { examples: ['alice'] }),
  csr: csr('of the client'),
  ttl_ms: Type.Optional(millis('How long it is valid, 10 minutes to a year. Default: 90 days.', { minimum: 600_000, maximum: 31_536_000_000, default: 7_776_000_000 })),
}, { description: 'The certificate to sign.', examples: [{ role: 'operator', name: 'alice', csr: CSR_EXAMPLE }] }));
export const SignedCertificate = named('SignedCertificate', answer({
  certificate: pem('The certificate, with the issuers and the root.'),
  ca: pem('The cluster\'s root certificate.'),
  record: ref(Certificate),
}, { description: 'A new certificate.' }));
export const RenewCertificate = named('RenewCertificate', request({
  csr: csr('of the new key'),
  store_csr: Type.Optional(csr('of the new key towards the control store; nodes only')),
}, { description: 'The new keys.', examples: [{ csr: CSR_EXAMPLE }] }));
export const RenewedCertificate = named('RenewedCertificate', answer({
  certificate: pem('The certificate, with the issuers and the root.'),
  ca: pem('The cluster\'s root certificate.'),
  store_certificate: orNull(Type.String(), 'The one towards the control store, PEM; null when none was asked for.'),
  store_ca: orNull(Type.String(), 'Root of the control store, PEM; null when none was asked for.'),
}, { description: 'New certificates under the name of the old one.' }));

const AuditEntry = named('AuditEntry', answer({
  id: text('Id of the entry.'),
  at: time('When it began.'),
  actor: text('Who: `alice (operator)`, `root on n1`, `docker on n1`, `node n2`.'),
  action: text('The use case.', { examples: ['volume.create'] }),
  object: ref(ObjectName),
  request: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'The fields of the request, secrets left out.' }),
  outcome: choice(['begun', 'done', 'refused'], '`begun`: it runs, or its end was never told. `done`: it was accepted; operations tell how it went on. `refused`: `reason` says why.'),
  reason: text('Why it was refused; "" otherwise.'),
  before: Type.Unsafe<unknown>({ description: 'The object as it was; null when there was none.' }),
  after: Type.Unsafe<unknown>({ description: 'The object after it; null when there is none, or it is not told.' }),
}, { description: 'Who did what to which object.' }));
export const AuditPage = pageOf('AuditPage', AuditEntry, 'entries');
