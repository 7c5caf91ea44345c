// The connection to a daemon, and the defaults for what is declared through it. It declares no storage itself.
import { provider as l1 } from '../bindings.ts';
import { Construct, type TerraformProvider } from '../cdktf.ts';
import { given } from './given.ts';
import type { Ssh } from './ssh.ts';

/** What volumes get that do not say otherwise. */
export interface Defaults {
  /** Destroying is refused, at plan and by the daemon, until this is false and applied. Default: true. */
  readonly deletionProtection?: boolean;
  /** What a new volume does about one of its name in the trash: refuse, restore it, or leave it and be new. Default: refuse. */
  readonly ifTrashed?: IfTrashed;
  /** Labels that every object gets; an object's own win. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What creating does when a volume of the same name is in the trash. */
export type IfTrashed = 'refuse' | 'restore' | 'new';

/** Certificates for a cluster. The key is read where it lies, when it is used; it is in no stack and no state. */
export interface Tls {
  /** Certificate of the cluster's authority, PEM. */
  readonly caCertificate: string;
  /** Our own certificate, PEM. */
  readonly clientCertificate: string;
  /** Path of its key. Default: the environment variable HOLDFAST_CLIENT_KEY. */
  readonly clientKeyFile?: string;
}

export interface HoldfastProps {
  /** `unix:///path` of the daemon's socket, or `https://host:port` of nodes of one cluster, with commas between. Default: HOLDFAST_ENDPOINT, else `unix:///run/holdfast/holdfast.sock`. */
  readonly endpoint?: string;
  /** Who the cluster is and who we are to it, for `https`. Default: what the environment says. */
  readonly tls?: Tls;
  /** How machines are reached that are to become nodes. Default: as root, with the keys of whoever runs it. */
  readonly ssh?: Ssh;
  /** Who the objects belong to: an unfinished one is taken up again only by its owner. Default: the provider's. */
  readonly owner?: string;
  /** Default: the provider's own, each as said there. */
  readonly defaults?: Defaults;
  /** Needed when a stack speaks to more than one daemon. Default: none. */
  readonly alias?: string;
}

/** One daemon or cluster that a stack speaks to; the first one without an alias is every construct's default. */
export class Holdfast extends Construct {
  /** For the generated classes. */
  readonly provider: TerraformProvider;

  constructor(scope: Construct, id: string, props: HoldfastProps = {}) {
    super(scope, id);
    this.provider = new l1.HoldfastProvider(this, 'provider', given({
      endpoint: props.endpoint,
      ...given({ ...props.tls }),
      ssh: props.ssh?.toConfig(),
      owner: props.owner,
      alias: props.alias,
      defaults: props.defaults === undefined ? undefined : given({
        deletionProtection: props.defaults.deletionProtection,
        ifTrashed: props.defaults.ifTrashed,
        labels: props.defaults.labels,
      }),
    }));
  }
}
