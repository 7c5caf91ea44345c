/** How machines are reached: the target of one connection, and the settings that all connections of a provider share. */

/** A machine as resources name it. None of this is secret. */
export interface Target {
  /** Name or address. */
  readonly host: string;
  /** Default 22. */
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA…` or `SHA256:…`; null: known_hosts decides. */
  readonly hostKey: string | null;
}

export type Transport = 'ssh2' | 'openssh';
export const TRANSPORTS: readonly Transport[] = ['ssh2', 'openssh'];

export interface Bastion {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string | null;
  /** Path; null: the same keys as for the machines. */
  readonly privateKeyFile: string | null;
}

/** The `ssh` block of the provider, with defaults filled in. Never stored. */
export interface SshSettings {
  readonly transport: Transport;
  /** For machines that do not say. */
  readonly user: string;
  readonly port: number;
  /** PEM or OpenSSH form; null: `privateKeyFile`, the agent, the usual files. */
  readonly privateKey: string | null;
  readonly privateKeyFile: string | null;
  /** For an encrypted key. */
  readonly passphrase: string | null;
  /** Socket of the agent; null: none is asked. */
  readonly agent: string | null;
  readonly knownHostsFiles: readonly string[];
  /** Run commands by `sudo` when the user is not root. */
  readonly sudo: boolean;
  /** What sudo asks for; null: it must not ask. */
  readonly sudoPassword: string | null;
  readonly bastion: Bastion | null;
  /** Transport openssh: `ssh -F`; null: its own. */
  readonly configFile: string | null;
  /** Transport openssh: `-o` options, such as `ProxyJump=gate`. */
  readonly options: readonly string[];
  readonly connectTimeoutMs: number;
  /** How long a machine that is just starting is waited for. */
  readonly waitMs: number;
  readonly keepaliveMs: number;
  /** The home directory of who runs this, for default keys. */
  readonly home: string;
}

/** `user@host` or `user@host:port`: what messages call a machine. */
export const targetName = ({ host, port, user }: Pick<Target, 'host' | 'port' | 'user'>): string => `${user}@${port === 22 ? host : `${bracketed(host)}:${port}`}`;
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
