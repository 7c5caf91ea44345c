import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { X509Certificate } from 'node:crypto';
import { connect, type ClientHttp2Session } from 'node:http2';
import { createConnection } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServerIdentity } from '../../../../provider/protocol/certificate.ts';
import { GrpcServer } from '../../../../provider/protocol/grpc-server.ts';
import { createLog } from '../../../../provider/protocol/log.ts';
import { bool, bytes, embedded, int, mapOf, message, optional, repeated, text, type MessageType } from '../../../../provider/protocol/protobuf.ts';
import { attributePath, RPCS } from '../../../../provider/protocol/tfplugin6.ts';

describe('the protobuf codec', () => {
  const inner = message({ id: int(1), label: optional(text(2)) });
  const all = message({ name: text(1), data: bytes(2), on: bool(3), count: int(4), one: embedded(5, () => inner), many: repeated(6, () => inner), table: mapOf(7, () => inner), zero: optional(int(16)) });

  test('reads back what it wrote', () => {
    const innerValue = fc.record({ id: fc.maxSafeInteger(), label: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }) });
    const value = fc.record({
      name: fc.string({ unit: 'grapheme' }), data: fc.uint8Array().map((data) => Buffer.from(data)), on: fc.boolean(), count: fc.maxSafeInteger(), one: fc.option(innerValue, { nil: undefined }),
      many: fc.array(innerValue), table: fc.dictionary(fc.string(), innerValue), zero: fc.option(fc.integer(), { nil: undefined }),
    });
    fc.assert(fc.property(value, (given) => {
      const read = all.decode(all.encode(given));
      expect({ ...read, table: { ...read.table } }).toEqual({ ...given, table: { ...given.table } });
    }));
  });

  test('writes the bytes that the format prescribes', () => {
    expect(all.encode({ name: 'hi', count: 300, on: true }).toString('hex')).toBe('0a026869180120ac02');
    expect(attributePath.encode({ steps: [{ attribute: 'a' }, { index: 0 }, { index: -1 }] }).toString('hex')).toBe('0a030a01610a0218000a0b18ffffffffffffffffff01');
    expect(all.encode({ name: '', count: 0, on: false, many: [] }).length).toBe(0);
  });

  test('skips fields it does not know, and refuses cut-off messages', () => {
    const wide: MessageType<unknown, { extra: string; name: string }> = message({ extra: text(99), name: text(1) });
    expect(all.decode(wide.encode({ extra: 'x', name: 'n' })).name).toBe('n');
    expect(() => all.decode(Buffer.from('0aff', 'hex'))).toThrow('ends too early');
    expect(() => all.decode(Buffer.from('ffffffffffffffffffffff', 'hex'))).toThrow('more than ten bytes');
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
      try {
        RPCS.PlanResourceChange.request.decode(data);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }));
  });
});

describe('the certificate', () => {
  test('is for localhost, signs itself, and is another one each time', () => {
    const identity = createServerIdentity();
    const certificate = new X509Certificate(identity.certificatePem);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.raw.equals(identity.certificateDer)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now());
    expect(createServerIdentity().certificatePem).not.toBe(identity.certificatePem);
  });
});

describe('the log', () => {
  test('writes lines in the form of hclog from the wanted level on', () => {
    const lines: string[] = [];
    const log = createLog({ TF_LOG: 'ERROR', TF_LOG_PROVIDER: 'info' }, (line) => { lines.push(line); });
    log.debug('not shown');
    log.info('shown', { size: 10n, error: new Error('why') });
    expect(JSON.parse(lines.join(''))).toMatchObject({ '@level': 'info', '@message': 'shown', size: '10', error: expect.stringContaining('why'), '@timestamp': expect.stringMatching(/\.\d{6}Z$/) });
    createLog({}, () => { throw new Error('silent by default'); }).error('x');
  });
});

describe('the gRPC server', () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });

  async function serve(prepare: (server: GrpcServer) => void, tls?: Parameters<GrpcServer['listen']>[1]) {
    const directory = mkdtempSync(join(tmpdir(), 'grpc-'));
    const server = new GrpcServer();
    prepare(server);
    await server.listen(join(directory, 's'), tls);
    cleanups.push(async () => server.close(), () => { rmSync(directory, { recursive: true, force: true }); });
    return { server, path: join(directory, 's') };
  }
  function client(path: string): ClientHttp2Session {
    const session = connect('http://localhost', { createConnection: () => createConnection(path) });
    session.on('error', () => undefined);
    cleanups.push(() => { session.destroy(); });
    return session;
  }
  const frame = (body: string, flag = 0): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(flag);
    prefix.writeUInt32BE(Buffer.byteLength(body), 1);
    return Buffer.concat([prefix, Buffer.from(body)]);
  };
  const call = async (session: ClientHttp2Session, method: string, body: Buffer): Promise<{ status: string; body: string; message: string }> => {
    const stream = session.request({ ':method': 'POST', ':path': method, 'content-type': 'application/grpc' });
    let trailers: Record<string, string | string[] | number | undefined | object> = {};
    stream.on('response', (headers) => { trailers = { ...trailers, ...headers }; });
    stream.on('trailers', (headers) => { trailers = { ...trailers, ...headers }; });
    stream.end(body);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status: typeof trailers['grpc-status'] === 'string' ? trailers['grpc-status'] : '', message: decodeURIComponent(typeof trailers['grpc-message'] === 'string' ? trailers['grpc-message'] : ''), body: Buffer.concat(chunks).subarray(5).toString() };
  };

  test('answers calls, and says what is wrong with others', async () => {
    const { path } = await serve((server) => {
      server.unary('/echo', async (request) => Buffer.from(`got ${request.toString()}`));
      server.unary('/fail', async () => { throw new Error('100% broken: ü'); });
    });
    const session = client(path);
    expect(await call(session, '/echo', frame('x'))).toMatchObject({ status: '0', body: 'got x' });
    expect(await call(session, '/fail', frame('x'))).toMatchObject({ status: '13', message: '100% broken: ü' });
    expect(await call(session, '/none', frame('x'))).toMatchObject({ status: '12', message: expect.stringContaining('/none') });
    expect(await call(session, '/echo', Buffer.from('xy'))).toMatchObject({ status: '13' });
    expect(await call(session, '/echo', frame('x', 1))).toMatchObject({ status: '12', message: expect.stringContaining('compressed') });
  });

  test('passes messages of many megabytes both ways', async () => {
    const { path } = await serve((server) => { server.unary('/double', async (request) => Buffer.concat([request, request])); });
    const body = 'x'.repeat(20_000_000);
    expect((await call(client(path), '/double', frame(body))).body).toHaveLength(40_000_000);
  });

  test('tells the handler when the client cancels, and is idle afterwards', async () => {
    let cancelled = false;
    let finished: () => void = () => undefined;
    const handled = new Promise<void>((resolve) => { finished = resolve; });
    const { server, path } = await serve((one) => {
      one.unary('/slow', async (_request, signal) => new Promise((resolve) => {
        signal.addEventListener('abort', () => { cancelled = true; resolve(new Uint8Array()); finished(); });
        stream.close(8);
      }));
    });
    const stream = client(path).request({ ':method': 'POST', ':path': '/slow' });
    stream.on('error', () => undefined);
    stream.end(frame('x'));
    await handled;
    await server.idle();
    expect(cancelled).toBe(true);
  });

  test('lets in only the client whose certificate it was given', async () => {
    const [server, friend, stranger] = [createServerIdentity(), createServerIdentity(), createServerIdentity()];
    const { path } = await serve((one) => { one.unary('/echo', async (request) => request); }, { ...server, clientCertificatePem: friend.certificatePem });
    const attempt = async (who: typeof friend): Promise<string> => {
      const { connect: connectTls } = await import('node:tls');
      const session = connect('https://localhost', { createConnection: () => connectTls({ path, ca: server.certificatePem, cert: who.certificatePem, key: who.privateKeyPem, servername: 'localhost', ALPNProtocols: ['h2'] }) });
      session.on('error', () => undefined);
      cleanups.push(() => { session.destroy(); });
      return call(session, '/echo', frame('in')).then(({ body }) => body, () => 'refused');
    };
    expect(await attempt(friend)).toBe('in');
    expect(await attempt(stranger)).not.toBe('in');
  });
});
