// The connection to a daemon, and the defaults for what is declared through it. It declares no storage itself.
import { provider as l1 } from '../bindings.ts';
import { Construct, type TerraformProvider } from '../cdktf.ts';
import { given } from './given.ts';

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

export interface HoldfastProps {
  /** `unix:///path` of the daemon's socket. Default: HOLDFAST_ENDPOINT, else `unix:///run/holdfast/holdfast.sock`. */
  readonly endpoint?: string;
  /** Who the objects belong to: an unfinished one is taken up again only by its owner. Default: the provider's. */
  readonly owner?: string;
  /** Default: the provider's own, each as said there. */
  readonly defaults?: Defaults;
  /** Needed when a stack speaks to more than one daemon. Default: none. */
  readonly alias?: string;
}

/** One daemon that a stack speaks to; the first one without an alias is every construct's default. */
export class Holdfast extends Construct {
  /** For the generated classes. */
  readonly provider: TerraformProvider;

  constructor(scope: Construct, id: string, props: HoldfastProps = {}) {
    super(scope, id);
    this.provider = new l1.HoldfastProvider(this, 'provider', given({
      endpoint: props.endpoint,
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
