/** The columns of tokens, certificates and the audit log. */
import type { AuditEntry, Certificate, JoinToken } from '../model/identity.ts';
import { formatAge, formatLeft, formatTime } from './format.ts';
import type { Column } from './table.ts';

const tokenState = (token: JoinToken, now: number): string => (token.used_at !== null ? 'used' : Date.parse(token.expires_at) <= now ? 'expired' : 'open');
export const tokenColumns = (now: number): readonly Column<JoinToken>[] => [
  { header: 'ID', value: ({ id }) => id },
  { header: 'STATE', value: (token) => tokenState(token, now), colour: (token) => (tokenState(token, now) === 'open' ? 'green' : 'dim') },
  { header: 'FOR', value: ({ grants, node_roles: roles }) => (grants === 'node' ? `node (${roles.join(', ')})` : grants) },
  { header: 'NAME', value: ({ name }) => name ?? '', sparse: true },
  { header: 'EXPIRES IN', value: ({ expires_at: end }) => formatLeft(end, now), align: 'right' },
  { header: 'BY', value: ({ created_by: by }) => by, flexible: 'cut' },
  { header: 'REPLACES', value: ({ replaces }) => replaces ?? '', sparse: true, wide: true },
];

const certificateState = ({ revoked_at: revoked, not_after: end }: Certificate, now: number): string => (revoked !== null ? 'revoked' : Date.parse(end) <= now ? 'ended' : 'valid');
export const certificateColumns = (now: number): readonly Column<Certificate>[] => [
  { header: 'NAME', value: ({ name }) => name, colour: () => 'bold' },
  { header: 'ROLE', value: ({ role }) => role },
  { header: 'STATE', value: (one) => certificateState(one, now), colour: (one) => ({ valid: 'green', ended: 'dim', revoked: 'red' } as const)[certificateState(one, now) as 'valid'] },
  { header: 'ENDS IN', value: ({ not_after: end }) => formatLeft(end, now), align: 'right' },
  { header: 'AGE', value: ({ issued_at: at }) => formatAge(at, now), align: 'right', minor: 1 },
  { header: 'BY', value: ({ issued_by: by }) => by, flexible: 'cut', minor: 2 },
  { header: 'SERIAL', value: ({ serial }) => serial },
];

export const auditColumns = (): readonly Column<AuditEntry>[] => [
  { header: 'TIME (UTC)', value: ({ at }) => formatTime(at), colour: () => 'dim' },
  { header: 'WHO', value: ({ actor }) => actor },
  { header: 'DID', value: ({ action }) => action },
  { header: 'TO', value: ({ object }) => `${object.kind} ${object.name === '' ? object.id : object.name}` },
  { header: 'OUTCOME', value: ({ outcome }) => outcome, colour: ({ outcome }) => ({ done: 'green', refused: 'red', begun: 'yellow' } as const)[outcome] },
  { header: 'WHY', value: ({ reason }) => reason, flexible: 'wrap', sparse: true },
];
