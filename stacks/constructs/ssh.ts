// How machines are reached over SSH. Part of the provider's configuration, so that nothing of it is in a state; it names
// files and never holds a key.
import type { provider as l1 } from '../bindings.ts';
import { given } from './given.ts';

export interface SshProps {
  /** Who logs in, where a machine does not say. Default: root. */
  readonly user?: string;
  /** Port of sshd, where a machine does not say. Default: 22. */
  readonly port?: number;
  /** Path of the private key. Default: the agent, then `~/.ssh/id_ed25519`, `id_ecdsa`, `id_rsa`. */
  readonly keyFile?: string;
  /** Files with the host keys that are trusted. Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHostsFiles?: readonly string[];
  /** Whether another user than root uses `sudo -n`. Default: true. */
  readonly sudo?: boolean;
  /** `openssh`: the system's `ssh` with its configuration, for hosts signed by an authority, ProxyJump, SSM. Default: `ssh2`. */
  readonly transport?: 'ssh2' | 'openssh';
  /** With `openssh`: an ssh_config to read instead of the user's. */
  readonly configFile?: string;
  /** With `openssh`: further options, such as `ProxyJump=gate`. */
  readonly options?: readonly string[];
  /** A machine to go through; its host key is checked as well. Default: none. */
  readonly bastion?: Bastion;
  /** How long a machine that does not answer yet is waited for, such as `5m`. Default: 5m. */
  readonly wait?: string;
}

/** A machine on the way to the others. */
export interface Bastion {
  readonly host: string;
  /** Default: 22. */
  readonly port?: number;
  /** Default: as on the machines. */
  readonly user?: string;
  /** Its public host key or fingerprint. Default: what known_hosts has. */
  readonly hostKey?: string;
  /** Path of another private key for it. Default: the same keys. */
  readonly keyFile?: string;
}

/** The way to machines. */
export class Ssh {
  private readonly props: SshProps;

  constructor(props: SshProps = {}) {
    this.props = props;
  }

  /** As the provider takes it. */
  toConfig(): l1.HoldfastProviderSsh {
    const { keyFile, knownHostsFiles, options, bastion, ...rest } = this.props;
    return given({
      ...rest,
      privateKeyFile: keyFile,
      knownHostsFiles: knownHostsFiles === undefined ? undefined : [...knownHostsFiles],
      options: options === undefined ? undefined : [...options],
      bastion: bastion === undefined ? undefined : given({ host: bastion.host, port: bastion.port, user: bastion.user, hostKey: bastion.hostKey, privateKeyFile: bastion.keyFile }),
    });
  }
}
