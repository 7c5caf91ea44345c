/** Whether the machine that answered is the one that was meant: its key is compared to the one given, or to known_hosts. */
import { readFile } from 'node:fs/promises';
import { fingerprint, KEY_TYPES, keyType, parseHostKey, preferring, type GivenKey } from './host-key.ts';
import { hostName, judge, parseKnownHosts, recordedTypes, type KnownHost, type Verdict } from './known-hosts.ts';
import { MachineError } from './machine-error.ts';
import { targetName, type Target } from './settings.ts';

export interface Trust {
  /** Types of keys to ask the machine for, best first. */
  readonly types: readonly string[];
  /** Which of its keys is meant is not known: one that is refused says nothing about those of other types. */
  readonly anyType: boolean;
  /** Null: it is the machine that was meant. */
  readonly refuse: (blob: Buffer) => MachineError | null;
}

/**
 * @param files known_hosts files; one that is not there holds nothing.
 * @throws MachineError when the given key cannot be read.
 */
export async function trustFor(target: Target, files: readonly string[]): Promise<Trust> {
  if (target.hostKey !== null) return trustGiven(target, givenKey(target));
  const entries = (await Promise.all(files.map(readEntries))).flat();
  const name = hostName(target.host, target.port);
  const types = recordedTypes(entries, name);
  return {
    types: preferring(types.length > 0 ? types : recordedTypes(entries, target.host.toLowerCase())), anyType: false,
    refuse: (blob) => refusal(target, entries, files, blob),
  };
}

function givenKey(target: Target): GivenKey {
  try {
    return parseHostKey(target.hostKey ?? '');
  } catch (error) {
    throw new MachineError('settings', `The host_key of ${targetName(target)} cannot be read. ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function trustGiven(target: Target, given: GivenKey): Trust {
  const expected = given.form === 'key' ? fingerprint(given.blob) : given.fingerprint;
  return {
    types: given.form === 'key' ? preferring([given.type]) : KEY_TYPES, anyType: given.form === 'fingerprint',
    refuse: (blob) => (fingerprint(blob) === expected ? null : new MachineError('untrusted',
      `${targetName(target)} showed another key than the host_key that was given.\n  shown: ${fingerprint(blob)} (${keyType(blob)})\n  given: ${expected}\nNothing was sent to it. If the machine was installed anew, compare the shown fingerprint on its console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and set host_key to:\n  ${keyType(blob)} ${blob.toString('base64')}`)),
  };
}

function refusal(target: Target, entries: readonly KnownHost[], files: readonly string[], blob: Buffer): MachineError | null {
  const name = hostName(target.host, target.port);
  const verdict = judgeHost(entries, target, blob);
  const shown = `shown: ${fingerprint(blob)} (${keyType(blob)})`;
  const line = `${name} ${keyType(blob)} ${blob.toString('base64')}`;
  const compare = 'Compare the shown fingerprint on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (or the file of the type shown).';
  switch (verdict.kind) {
    case 'known': return null;
    case 'unknown': return new MachineError('untrusted', `${targetName(target)} is not in known_hosts (${files.join(', ') || 'no file is read'}).\n  ${shown}\n  recorded: none\nNothing was sent to it. ${compare} If it is the same, add this line to ${files[0] ?? 'a known_hosts file'}, or set host_key:\n  ${line}`);
    case 'changed': return new MachineError('untrusted', `${targetName(target)} showed another key than the one that is recorded: it was installed anew, or another machine answers in its place.\n  ${shown}\n${verdict.recorded.map((one) => `  recorded: ${fingerprint(one.blob)} (${one.type}, ${one.where})`).join('\n')}\nNothing was sent to it. ${compare} If it is the same, replace what is recorded by this line:\n  ${line}`);
    case 'revoked': return new MachineError('untrusted', `${targetName(target)} showed a key that is revoked (${verdict.entry.where}).\n  ${shown}\nNothing was sent to it. Whoever has that key may pose as the machine: give the machine a new host key.`);
    case 'by-authority': return new MachineError('untrusted', `${targetName(target)} is vouched for by an authority (${verdict.entry.where}, @cert-authority), and host certificates are understood by the system's ssh only.\n  ${shown}\nNothing was sent to it. Set transport = "openssh" in the provider's ssh block, or give the machine's host_key.`);
  }
}

/** As ssh does: a machine of which nothing is recorded with its port may be known by its name alone. */
function judgeHost(entries: readonly KnownHost[], { host, port }: Target, blob: Buffer): Verdict {
  const verdict = judge(entries, hostName(host, port), blob);
  const bare = verdict.kind === 'unknown' ? judge(entries, host.toLowerCase(), blob) : verdict;
  return bare.kind === 'known' || bare.kind === 'revoked' ? bare : verdict;
}

async function readEntries(file: string): Promise<KnownHost[]> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new MachineError('settings', `known_hosts cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
