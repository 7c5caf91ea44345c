// Whether an entry of known_hosts is about a host, and what it says about the key that the host showed.
import { afterAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { algorithmsOf, fingerprint, keyType, parseHostKey } from '../../../../provider/bootstrap/host-key.ts';
import { hostName, isAbout, judge, parseKnownHosts, recordedTypes } from '../../../../provider/bootstrap/known-hosts.ts';
import { trustFor } from '../../../../provider/bootstrap/trust.ts';

const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
const key = (fill: number, type = 'ssh-ed25519'): Buffer => Buffer.concat([field(Buffer.from(type)), field(Buffer.alloc(32, fill))]);
const text = (blob: Buffer): string => `${keyType(blob)} ${blob.toString('base64')}`;
const hashed = (name: string): string => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const entriesOf = (...lines: string[]) => parseKnownHosts(lines.join('\n'), 'known_hosts');
const OURS = key(1);
const OTHER = key(2);

describe('names in known_hosts', () => {
  it.each([
    ['a plain name', 'n1', 'n1', 22, true],
    ['any case', 'N1.Example', 'n1.example', 22, true],
    ['one of several names', 'n1,10.0.0.1', '10.0.0.1', 22, true],
    ['another name', 'n1', 'n2', 22, false],
    ['a hashed name', hashed('n1'), 'n1', 22, true],
    ['another hashed name', hashed('n1'), 'n2', 22, false],
    ['a hashed name with port', hashed('[n1]:2222'), 'n1', 2222, true],
    ['a hash without its port', hashed('n1'), 'n1', 2222, false],
    ['a name with port', '[n1]:2222', 'n1', 2222, true],
    ['the same name on the usual port', '[n1]:2222', 'n1', 22, false],
    ['a name without the port that is used', 'n1', 'n1', 2222, false],
    ['a wildcard', '10.77.0.*', '10.77.0.12', 22, true],
    ['a wildcard for one character', 'n?', 'n7', 22, true],
    ['a wildcard for one character, with two', 'n?', 'n77', 22, false],
    ['a negated name among wildcards', '*.example,!gate.example', 'gate.example', 22, false],
    ['another name among these', '*.example,!gate.example', 'n1.example', 22, true],
    ['a negation alone', '!n1', 'n2', 22, false],
    ['dots as themselves', 'n.1', 'nx1', 22, false],
    ['brackets beside a wildcard', '[10.0.0.*]:2222', '10.0.0.9', 2222, true],
    ['an IPv6 address', 'fd00::1', 'fd00::1', 22, true],
  ])('%s: %s, asked for %s:%d', (_what, names, host, port, expected) => {
    expect(isAbout({ names }, hostName(host, port))).toBe(expected);
  });
});

describe('what known_hosts says about a key', () => {
  it('knows a key that is recorded, also beside keys of other types', () => {
    expect(judge(entriesOf(`n1 ${text(key(9, 'ssh-rsa'))}`, `n1 ${text(OURS)}`), 'n1', OURS)).toEqual({ kind: 'known' });
  });

  it('tells a changed key from an unknown host', () => {
    const entries = entriesOf(`n1 ${text(OTHER)}`);
    expect(judge(entries, 'n1', OURS)).toMatchObject({ kind: 'changed', recorded: [{ where: 'known_hosts:1' }] });
    expect(judge(entries, 'n2', OURS)).toEqual({ kind: 'unknown' });
  });

  it('lets a revocation win over the same key being recorded', () => {
    expect(judge(entriesOf(`n1 ${text(OURS)}`, `@revoked * ${text(OURS)}`), 'n1', OURS)).toMatchObject({ kind: 'revoked' });
  });

  it('does not take the revocation of another key for one of this', () => {
    expect(judge(entriesOf(`n1 ${text(OURS)}`, `@revoked n1 ${text(OTHER)}`), 'n1', OURS)).toEqual({ kind: 'known' });
  });

  it('never takes the key of an authority for a host\'s, and says that one vouches for it', () => {
    const entries = entriesOf(`@cert-authority *.example ${text(OURS)}`);
    expect(judge(entries, 'n1.example', OURS)).toMatchObject({ kind: 'by-authority' });
    expect(judge(entries, 'n1.other', OURS)).toEqual({ kind: 'unknown' });
  });

  it('leaves out comments, empty and damaged lines, and markers it does not know', () => {
    expect(entriesOf('', '# n1 comment', 'n1 ssh-ed25519', 'n1 ssh-ed25519 !!!!', `@other n1 ${text(OURS)}`, `n1 ssh-rsa ${OURS.toString('base64')}`)).toEqual([]);
  });

  it('lists the types that are recorded, of which a server is asked for one', () => {
    const entries = entriesOf(`n1 ${text(key(3, 'ssh-rsa'))}`, `n2 ${text(OURS)}`, `@cert-authority n1 ${text(OURS)}`);
    expect(recordedTypes(entries, 'n1')).toEqual(['ssh-rsa']);
    expect(algorithmsOf('ssh-rsa')).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']);
  });
});

describe('a machine on another port than 22', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hf-trust-'));
  const file = path.join(folder, 'known_hosts');
  afterAll(() => { rmSync(folder, { recursive: true }); });
  const refusal = async (blob: Buffer, ...lines: string[]): Promise<string> => {
    writeFileSync(file, `${lines.join('\n')}\n`);
    return (await trustFor({ host: 'N1.Example', port: 2222, user: 'root', hostKey: null }, [file])).refuse(blob)?.detail ?? 'trusted';
  };

  it('is known by its name alone where nothing is recorded with the port, as ssh does it', async () => {
    expect(await refusal(OURS, `n1.example ${text(OURS)}`)).toBe('trusted');
    expect(await refusal(OURS, hashed('n1.example') + ` ${text(OURS)}`)).toBe('trusted');
  });

  it('is never taken for known by another key than the one recorded there, nor against one with the port, nor a revocation', async () => {
    expect(await refusal(OURS, `n1.example ${text(OTHER)}`)).toContain('is not in known_hosts');
    expect(await refusal(OURS, `[n1.example]:2222 ${text(OTHER)}`, `n1.example ${text(OURS)}`)).toContain('another key');
    expect(await refusal(OURS, `n1.example ${text(OURS)}`, `@revoked n1.example ${text(OURS)}`)).toContain('revoked');
  });

  it('is asked for the types of keys that are recorded first', async () => {
    writeFileSync(file, `n1.example ${text(key(3, 'ssh-rsa'))}\n[n1.example]:2222 ${text(key(3, 'ecdsa-sha2-nistp256'))}\n[n1.example]:2222 ${text(key(3, 'ssh-xmss@openssh.com'))}\n`);
    const at = (port: number) => trustFor({ host: 'n1.example', port, user: 'root', hostKey: null }, [file]);
    expect((await at(2222)).types).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'ssh-rsa']);
    expect((await at(2223)).types[0]).toBe('ssh-rsa');
  });
});

describe('host keys as they are given', () => {
  it.each([['a public key file', `${text(OURS)} root@n1\n`], ['a bare key', text(OURS)], ['a line of ssh-keyscan', `10.0.0.1 ${text(OURS)}`]])('%s', (_what, given) => {
    expect(parseHostKey(given)).toEqual({ form: 'key', type: 'ssh-ed25519', blob: OURS });
  });

  it('a fingerprint', () => {
    expect(parseHostKey(fingerprint(OURS))).toEqual({ form: 'fingerprint', fingerprint: fingerprint(OURS) });
  });

  it.each(['', 'ssh-ed25519', 'MD5:aa:bb', 'SHA256:short', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5', 'n1'])('nothing else: %p', (given) => {
    expect(() => parseHostKey(given)).toThrow(/ssh_host_ed25519_key\.pub.*SHA256/);
  });
});
