import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { withoutSecrets } from '../../../src/cli/bundle.ts';
import { createClient } from '../../../src/client/client.ts';
import { createLog } from '../../../src/daemon/system.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { withoutTokensAndKeys } from '../../../src/model/secrets.ts';
import { joinClient, joinNode, type JoinFacts } from '../../../src/security/join-client.ts';
import { loadPki } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { parseToken } from '../../../src/security/token.ts';
import { createWorld, serveWorld, type World } from './cluster-of-certificates.ts';

let world: World;
beforeEach(async () => { world = await createWorld(); });
afterEach(() => world.end());

const TOKEN = fc.record({ id: fc.stringMatching(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/), secret: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/), pin: fc.stringMatching(/^[0-9a-f]{64}$/) });

test('tokens and keys are cut out of any text, whatever stands around them', async () => {
  const { key } = await makeKeyAndRequest('x');
  const body = key.split('\n')[1] ?? '';
  fc.assert(fc.property(TOKEN, fc.string(), fc.string(), fc.boolean(), ({ id, secret, pin }, before, after, json) => {
    const text = `${before}hft1.${id}.${secret}.${pin} ${key}${after}`;
    const clean = withoutTokensAndKeys(json ? JSON.stringify({ text }) : text);
    expect(clean).not.toContain(secret);
    expect(clean).not.toContain(body);
    if (json) expect(() => { JSON.parse(clean); }).not.toThrow();
  }));
  for (const cut of [40, 80, key.length - 20]) {
    const clean = withoutTokensAndKeys(JSON.stringify({ message: `half a key: ${key.slice(0, cut)}`, more: 'said "after"' }));
    expect(JSON.parse(clean)).toEqual({ message: 'half a key: [private key]', more: 'said "after"' });
  }
  expect(withoutTokensAndKeys('volume hft1 is -----BEGIN CERTIFICATE-----')).toBe('volume hft1 is -----BEGIN CERTIFICATE-----');
});

test('the log, the store, the audit log, answers of errors and the support bundle hold no secret after all that can be done with tokens and keys', async () => {
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const log = createLog('debug', stream);
  // What a careless line would write is cut out at the last moment.
  Object.assign(world.seams.log, { debug: log.debug.bind(log), info: log.info.bind(log), warn: log.warn.bind(log), error: log.error.bind(log) });
  const served = await serveWorld(world, { getVolume: async (ref: string) => { throw new Error(`a fault of our own with ${ref}`); } });
  const secrets: string[] = [];
  const errors: string[] = [];
  const failing = async (work: Promise<unknown>): Promise<void> => { await work.then(() => { throw new Error('it went well'); }, (error: unknown) => errors.push(JSON.stringify(error instanceof HoldfastError ? error.toBody() : String(error)))); };
  const keep = (text: string): string => { secrets.push(...(text.startsWith('hft1') ? [parseToken(text).secret] : text.split('\n').slice(1, -2))); return text; };
  try {
    const admin = await world.client('admin', 'alice');
    keep(admin.key);
    const client = createClient({ endpoint: served.endpoint, tls: admin, attempts: 1 });
    const facts: JoinFacts = { name: 'n2', roles: ['storage'], zone: '', labels: {}, address: '127.0.0.1:7481', machine_id: 'm', daemon_version: '0.1.0' };
    const join = (name: string, token: string): Promise<unknown> => joinNode(path.join(world.dir, name), { ...facts, name }, { endpoints: [served.endpoint], token });
    const { token } = await client.tokens.create({ grants: 'node' });
    keep(token);
    await join('n2', token);
    await failing(join('n3', token));
    const second = keep((await client.tokens.create({ grants: 'operator', name: 'bob' })).token);
    await failing(join('n4', second));
    const bob = await makeKeyAndRequest('bob');
    keep(bob.key);
    await joinClient({ name: 'bob', csr: bob.csr }, { endpoints: [served.endpoint], token: second });
    // Secrets where they do not belong: in names, references, labels, query parameters.
    await failing(client.volumes.get(token));
    await failing(client.certificates.revoke(token));
    await failing(client.certificates.sign({ role: 'admin', name: 'x', csr: bob.key }));
    await failing(client.tokens.create({ grants: 'node', name: token }));
    await failing(client.tokens.remove(token));
    await failing(client.nodes.update(token, { labels: { token } }));
    log.warn({ deep: { text: [token] }, err: new Error(bob.key).message }, `careless: ${token} ${bob.key}`);
    for (const dir of ['n2', 'n3', 'n4'].map((name) => path.join(world.dir, name))) for (const [file, text] of Object.entries(await loadPki(dir))) if (file.endsWith('Key')) keep(text);
    for (const file of ['node.key', 'store.key', 'issuer.key', 'store-issuer.key']) keep(readFileSync(path.join(world.pki, file), 'utf8'));
    const store = JSON.stringify((await world.store.list('/')).entries);
    const audit = JSON.stringify(await client.audit.list().all());
    const told = { log: lines.join(''), store, audit, errors: errors.join('\n'), bundle: withoutSecrets(`${lines.join('')}\n${token}\n${bob.key}`) };
    expect(secrets.length).toBeGreaterThan(10);
    expect(errors).toHaveLength(8);
    expect(told.log).toContain('[join token]');
    for (const [where, text] of Object.entries(told)) {
      expect({ where, found: secrets.filter((secret) => text.includes(secret)).length }).toEqual({ where, found: 0 });
      expect({ where, keys: text.includes('PRIVATE KEY') }).toEqual({ where, keys: false });
    }
  } finally {
    await served.end();
  }
});
