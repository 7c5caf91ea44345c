/** holdfast_client against an API in memory: what is signed, when it is signed anew, what is revoked. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHarness, type Harness } from '../../../provider/framework/testing.ts';
import { createProvider } from '../../../provider/provider.ts';
import { applied, errors, object } from './driven.ts';
import type { ValueObject } from '../../../provider/protocol/value.ts';

const TYPE = 'holdfast_client';
const CSR = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
const DAY_MS = 24 * 3_600_000;
interface Signed { serial: string; kind: 'client'; role: string; name: string; not_after: string; revoked_at: string | null }

let server: Server;
let directory: string;
let cluster: string;
let signed: Signed[];
let harness: Harness;
const config = (more: ValueObject = {}): ValueObject => object({ role: 'read-only', name: 'monitor', csr: CSR, ...more });

beforeEach(async () => {
  process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
  directory = mkdtempSync(path.join(tmpdir(), 'hf-client-'));
  cluster = 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SA';
  signed = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      const answer = (status: number, value: unknown): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value)); };
      const { pathname } = new URL(request.url ?? '', 'http://x');
      if (pathname === '/v1/cluster') return answer(200, { id: cluster, name: 'prod', created_at: '' });
      if (pathname === '/v1/certificates' && request.method === 'GET') return answer(200, { items: signed, next: null });
      if (pathname === '/v1/certificates') {
        const { name, role, ttl_ms } = JSON.parse(body) as { name: string; role: string; ttl_ms: number };
        const record: Signed = { serial: `0${signed.length}`, kind: 'client', role, name, not_after: new Date(Date.now() + ttl_ms).toISOString(), revoked_at: null };
        signed.push(record);
        return answer(201, { certificate: `certificate ${record.serial}`, ca: 'ca', record });
      }
      const found = signed.find(({ serial }) => pathname === `/v1/certificates/${serial}/revoke`);
      if (found === undefined) return answer(404, { code: 'not_found', message: 'no such certificate', detail: {}, retryable: false });
      found.revoked_at = new Date().toISOString();
      answer(200, found);
    });
  }).listen(path.join(directory, 'api.sock'));
  await once(server, 'listening');
  harness = createHarness(createProvider({ endpoint: `unix://${directory}/api.sock` }));
  await harness.configure(object({}));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(directory, { recursive: true });
});

describe('holdfast_client', () => {
  it('is signed once, and then stays as it is', async () => {
    const made = await applied(harness, TYPE, config());
    expect(made.state).toMatchObject({ serial: '00', certificate: 'certificate 00', ca_certificate: 'ca', ttl: '90d', revoked: false, cluster_id: cluster });
    const read = await harness.read(TYPE, made);
    expect((await harness.plan(TYPE, config(), read)).plan).toEqual(read.state);
    expect(signed).toHaveLength(1);
  });

  it('is signed anew when its end is near, and the old one is revoked', async () => {
    const made = await applied(harness, TYPE, config({ ttl: '90d', renew_before: '30d' }));
    const old = { ...made, state: object({ ...made.state, expires_at: new Date(Date.now() + 29 * DAY_MS).toISOString() }) };
    const renewed = await applied(harness, TYPE, config(), old);
    expect(renewed.state).toMatchObject({ serial: '01' });
    expect(signed.map(({ revoked_at }) => revoked_at !== null)).toEqual([true, false]);
  });

  it('never renews all the time: half of what it lasts is the most', async () => {
    const made = await applied(harness, TYPE, config({ ttl: '10d', renew_before: '30d' }));
    expect((await harness.plan(TYPE, config({ ttl: '10d', renew_before: '30d' }), made)).plan).toEqual(made.state);
  });

  it('is signed anew for another request, and when somebody revoked it', async () => {
    const made = await applied(harness, TYPE, config());
    const other = await applied(harness, TYPE, config({ csr: `${CSR}\n` }), made);
    expect(other.state).toMatchObject({ serial: '01' });
    for (const one of signed) one.revoked_at = 'then';
    const read = await harness.read(TYPE, other);
    expect(read.state).toMatchObject({ revoked: true });
    expect((await applied(harness, TYPE, config({ csr: `${CSR}\n` }), read)).state).toMatchObject({ serial: '02', revoked: false });
  });

  it('only the time before its end changes: nothing is signed', async () => {
    const made = await applied(harness, TYPE, config());
    expect((await applied(harness, TYPE, config({ renew_before: '20d' }), made)).state).toMatchObject({ serial: '00', renew_before: '20d' });
    expect(signed).toHaveLength(1);
  });

  it('another role or name is another client', async () => {
    const made = await applied(harness, TYPE, config());
    expect((await harness.plan(TYPE, config({ role: 'operator' }), made)).replaces).toEqual(['role']);
    expect((await harness.plan(TYPE, config({ name: 'other' }), made)).replaces).toEqual(['name']);
  });

  it('is revoked when it is destroyed, also when it is gone already', async () => {
    const made = await applied(harness, TYPE, config());
    expect((await applied(harness, TYPE, null, made)).state).toBeNull();
    expect(signed[0]?.revoked_at).not.toBeNull();
    signed.length = 0;
    expect((await applied(harness, TYPE, null, made)).state).toBeNull();
  });

  it('an answer of another cluster is an error, and nothing is revoked', async () => {
    const made = await applied(harness, TYPE, config());
    cluster = 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SB';
    harness = createHarness(createProvider({ endpoint: `unix://${directory}/api.sock` }));
    await harness.configure(object({}));
    expect(errors((await harness.read(TYPE, made)).said).join()).toContain('Another cluster answered');
    expect(errors((await harness.apply(TYPE, null, made)).said).join()).toContain('Another cluster answered');
    expect(signed[0]?.revoked_at).toBeNull();
  });

  it('refuses what is no request, no role and no time', async () => {
    expect(errors(await harness.validate(TYPE, config({ csr: 'x', role: 'root', ttl: '1m' })))).toHaveLength(3);
  });

  it('is imported by name or by serial number; the next apply signs one for the request, and revokes the other', async () => {
    await applied(harness, TYPE, config());
    for (const target of [{ id: 'monitor' }, { id: '00' }, { identity: object({ cluster_id: cluster, serial: '00' }) }]) {
      const found = await harness.import(TYPE, target);
      expect(errors(found.said)).toEqual([]);
      expect(found.state).toMatchObject({ name: 'monitor', role: 'read-only', serial: '00' });
    }
    const { replaces } = await harness.plan(TYPE, config(), await harness.import(TYPE, { id: 'monitor' }));
    expect(replaces).toEqual([]);
    const taken = await applied(harness, TYPE, config(), await harness.import(TYPE, { id: 'monitor' }));
    expect(taken.state).toMatchObject({ serial: '01', certificate: 'certificate 01' });
    expect(signed.map(({ revoked_at: revoked }) => revoked !== null)).toEqual([true, false]);
    expect(errors((await harness.import(TYPE, { id: 'nobody' })).said).join()).toContain('no client "nobody"');
  });
});
