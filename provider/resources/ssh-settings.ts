/** The provider's `ssh`: how machines are reached. Belongs to the provider, so that nothing of it is ever in a state. */
import { TRANSPORTS, type SshSettings, type Transport } from '../bootstrap/settings.ts';
import { parseHostKey } from '../bootstrap/host-key.ts';
import { between, matching, oneOf, parseDuration, parsedBy, t, type ConfigOf, type Reporter } from '../framework/index.ts';
import { hostForm, userForm } from './machine-schema.ts';

/** What the environment says about SSH. */
export interface SshEnvironment {
  /** SSH_AUTH_SOCK. */
  readonly agent?: string | undefined;
  /** HOLDFAST_SSH_PASSPHRASE. */
  readonly passphrase?: string | undefined;
  /** HOLDFAST_SSH_SUDO_PASSWORD. */
  readonly sudoPassword?: string | undefined;
  readonly home?: string | undefined;
}

const duration = () => t.string().validate(parsedBy(parseDuration));

const sshAttributes = {
  transport: t.string().validate(oneOf(...TRANSPORTS)).describe('`ssh2`: SSH within the provider. `openssh`: the system\'s `ssh`, with all that ssh_config knows: hosts signed by an authority, `ProxyJump`, `ProxyCommand` (SSM). Default `ssh2`.'),
  user: t.string().validate(userForm).describe('Who logs in, on machines that do not say. Default `root`.'),
  port: t.int().validate(between(1, 65_535)).describe('Port of sshd, on machines that do not say. Default 22.'),
  private_key_file: t.string().describe('Path of the private key. Default: the agent, then `~/.ssh/id_ed25519`, `id_ecdsa`, `id_rsa`.'),
  private_key: t.string().sensitive().describe('The private key itself, for one that comes from an ephemeral resource. Default: none.'),
  passphrase: t.string().sensitive().describe('For an encrypted key. Default: the environment variable `HOLDFAST_SSH_PASSPHRASE`.'),
  agent: t.bool().describe('Whether the agent of `SSH_AUTH_SOCK` is asked. Default `true`.'),
  known_hosts_files: t.list(t.string()).describe('Files with the host keys that are trusted, hashed names too. Default `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. Transport `openssh` reads what ssh_config says.'),
  sudo: t.bool().describe('Whether commands are run by `sudo` when the user is not `root`. Default `true`.'),
  sudo_password: t.string().sensitive().describe('The password that `sudo` asks for. Default: the environment variable `HOLDFAST_SSH_SUDO_PASSWORD`, else it must not ask.'),
  bastion: t.object({
    host: t.string().required().validate(matching(hostForm, 'be a name or an address')).describe('Name or address.'),
    port: t.int().validate(between(1, 65_535)).describe('Port of its sshd. Default 22.'),
    user: t.string().validate(userForm).describe('Who logs in there. Default: as on the machines.'),
    host_key: t.string().validate(parsedBy(parseHostKey)).describe('Its public host key or fingerprint. Default: what known_hosts has.'),
    private_key_file: t.string().describe('Path of another private key for it. Default: the same keys.'),
  }).describe('A machine to go through. Its host key is checked as well. Default: none; with `openssh` what ssh_config says (`ProxyJump`).'),
  config_file: t.string().describe('Transport `openssh`: an ssh_config to read instead of the user\'s.'),
  options: t.list(t.string()).describe('Transport `openssh`: further options, such as `["ProxyJump=gate"]`. Default: none.'),
  connect_timeout: duration().describe('How long one connection may take until the login is done. Default `15s`.'),
  wait: duration().describe('How long a machine that is to be made a node is waited for while it refuses connections or does not answer, as one that has just been started does. Default `5m`.'),
  keepalive: duration().describe('How often a silent connection is tested; after four missed answers it is lost. Default `15s`.'),
};

export const ssh = t.object(sshAttributes).describe('How `holdfast_cluster` and `holdfast_node` reach machines. Ephemeral values may be used; nothing of it is stored in a state.');
type Ssh = ConfigOf<typeof sshAttributes>;

/** With defaults filled in. Reports what contradicts itself. */
export function sshSettings(given: Ssh | null, environment: SshEnvironment, { error }: Reporter): SshSettings {
  const bastion = given?.bastion ?? null;
  const user = given?.user ?? 'root';
  const transport = (given?.transport ?? 'ssh2') as Transport;
  const home = environment.home ?? '/root';
  if (given?.private_key != null && given.private_key_file !== null) error('SSH settings cannot be used', 'Give either ssh.private_key or ssh.private_key_file.', ['ssh', 'private_key_file']);
  if (transport === 'ssh2' && ((given?.options?.length ?? 0) > 0 || given?.config_file != null)) error('SSH settings cannot be used', 'ssh.options and ssh.config_file are those of the system\'s ssh: they need transport = "openssh".', ['ssh', 'transport']);
  const ms = (text: string | null | undefined, otherwise: string): number => parseDuration(text ?? otherwise);
  return {
    transport, user, port: given?.port ?? 22, privateKey: given?.private_key ?? null, privateKeyFile: given?.private_key_file ?? null, passphrase: given?.passphrase ?? environment.passphrase ?? null,
    agent: given?.agent === false ? null : environment.agent ?? null, knownHostsFiles: given?.known_hosts_files ?? ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'], sudo: given?.sudo ?? true, sudoPassword: given?.sudo_password ?? environment.sudoPassword ?? null,
    bastion: bastion === null ? null : { host: bastion.host, port: bastion.port ?? 22, user: bastion.user ?? user, hostKey: bastion.host_key, privateKeyFile: bastion.private_key_file },
    configFile: given?.config_file ?? null, options: given?.options ?? [], connectTimeoutMs: ms(given?.connect_timeout, '15s'), waitMs: ms(given?.wait, '5m'), keepaliveMs: ms(given?.keepalive, '15s'), home,
  };
}
