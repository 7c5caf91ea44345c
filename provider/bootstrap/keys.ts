/** With what a user proves who it is: a key that was given, a key file, the agent, or the usual files, as ssh does. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import ssh2 from 'ssh2';
import { MachineError } from './machine-error.ts';
import type { SshSettings } from './settings.ts';

export type Proof = { readonly type: 'publickey'; readonly key: Buffer; readonly passphrase: string | null } | { readonly type: 'agent'; readonly agent: string };

const USUAL = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * @param file a key for this one connection, before that of the settings.
 * @throws MachineError settings when a key that was named cannot be read or opened.
 */
export async function proofs(settings: Pick<SshSettings, 'privateKey' | 'privateKeyFile' | 'passphrase' | 'agent' | 'home'>, file: string | null = null): Promise<Proof[]> {
  const { privateKey, passphrase, agent } = settings;
  const named = file ?? settings.privateKeyFile;
  const agents: Proof[] = agent === null ? [] : [{ type: 'agent', agent }];
  if (file === null && privateKey !== null) return [keyOf(Buffer.from(privateKey), passphrase, 'private_key'), ...agents];
  if (named !== null) return [keyOf(await readNamed(named, settings.home), passphrase, named), ...agents];
  const usual = await Promise.all(USUAL.map((name) => readUsual(path.join(settings.home, '.ssh', name), passphrase)));
  return [...agents, ...usual.flat()];
}

function keyOf(key: Buffer, passphrase: string | null, where: string): Proof {
  const parsed = ssh2.utils.parseKey(key, passphrase ?? undefined);
  if (!(parsed instanceof Error)) return { type: 'publickey', key, passphrase };
  const way = /no passphrase/i.test(parsed.message) ? 'It is encrypted: set HOLDFAST_SSH_PASSPHRASE, or ssh.passphrase, or load it into an agent.' : /passphrase|integrity|decrypt/i.test(parsed.message) ? 'The passphrase (HOLDFAST_SSH_PASSPHRASE or ssh.passphrase) does not open it.' : 'Give a private key in the form that ssh-keygen writes.';
  throw new MachineError('settings', `The private key (${where}) cannot be used: ${parsed.message}. ${way}`);
}

async function readNamed(file: string, home: string): Promise<Buffer> {
  try {
    return await readFile(expanded(file, home));
  } catch (error) {
    throw new MachineError('settings', `private_key_file cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

// One of the usual files that is not there or cannot be opened is left out: nobody asked for it by name.
async function readUsual(file: string, passphrase: string | null): Promise<Proof[]> {
  try {
    return [keyOf(await readFile(file), passphrase, file)];
  } catch {
    return [];
  }
}

/** `~/…` is below the home directory. */
export const expanded = (file: string, home: string): string => (file === '~' || file.startsWith('~/') ? path.join(home, file.slice(1)) : file);
