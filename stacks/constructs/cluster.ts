// A cluster on machines that need nothing but sshd: its first node with the certificate authority, and those that join it.
// What is in the cluster (pools, volumes) is declared through `data`, a second configuration of the provider.
import { cluster as l1 } from '../bindings.ts';
import { Construct, Fn, Lazy } from '../cdktf.ts';
import { given } from './given.ts';
import { machine, Node, type INode, type JoinProps, type MachineProps, type Package } from './node.ts';
import { Holdfast, type Defaults } from './provider.ts';

/** Where a cluster keeps its records. Paths are those on the nodes. */
export interface Store {
  /** `sqlite`: embedded, for one node alone. Default: etcd. */
  readonly kind?: 'etcd' | 'sqlite';
  /** An etcd of yours: its client URLs. Default: Holdfast runs its own on the control nodes. */
  readonly endpoints?: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface ClusterProps {
  /** What people call it. Default: the id of the construct. */
  readonly name?: string;
  /** The first node. It stays the first, whatever nodes join. */
  readonly first: MachineProps & { readonly name: string };
  /** Where Holdfast comes from, on every node. Default: it is there already. */
  readonly package?: Package;
  /** Certificate request of the administrator (PEM), made beside the key: `holdfast cert request`. */
  readonly admin: { readonly csr: string; readonly name?: string };
  /** Default: etcd on the control nodes. */
  readonly store?: Store;
  /** The first machine runs Holdfast alone already, and what it has is taken over. Default: false. */
  readonly fromEmbedded?: boolean;
  /** When it is destroyed: refuse while volumes are in it, or forget them. Default: refuse. */
  readonly onDestroy?: 'refuse' | 'forget';
  /** The provider configuration with `ssh`. Default: the stack's. */
  readonly holdfast?: Holdfast;
}

export interface DataProps {
  /** Path of the administrator's key. Default: the environment variable HOLDFAST_CLIENT_KEY. */
  readonly keyFile?: string;
  /** Who the objects belong to; see `Holdfast`. Default: none. */
  readonly owner?: string;
  readonly defaults?: Defaults;
}

/** One cluster. */
export class Cluster extends Construct {
  /** The first node. */
  readonly first: INode;
  private readonly resource: l1.Cluster;
  private readonly props: ClusterProps;
  private readonly home: Construct;
  private readonly joined: Node[] = [];
  private readonly controlHosts: l1.ClusterControlHosts[] = [];

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    this.home = scope;
    this.props = props;
    const resource = new l1.Cluster(this, 'Default', {
      name: props.name ?? id,
      nodeAttribute: { name: props.first.name, ...machine(props.first) },
      admin: given({ csr: props.admin.csr, name: props.admin.name }),
      ...given({
        package: props.package,
        store: props.store === undefined ? undefined : given({ ...props.store, endpoints: props.store.endpoints === undefined ? undefined : [...props.store.endpoints] }),
        fromEmbedded: props.fromEmbedded,
        onDestroy: props.onDestroy,
        provider: props.holdfast?.provider,
      }),
    });
    this.resource = resource;
    // The name by way of the cluster's output: what takes it from here comes after the cluster.
    this.first = { get name() { return resource.nodeAttribute.name; } };
  }

  /** `clu_…`. */
  get clusterId(): string {
    return this.resource.clusterId;
  }

  /** Certificate of its authority, PEM. Not secret. */
  get caCertificate(): string {
    return this.resource.caCertificate;
  }

  /** The administrator's certificate, PEM. Not secret: worth nothing without its key. */
  get adminCertificate(): string {
    return this.resource.adminCertificate;
  }

  /** Endpoints of all nodes, with commas between. Known when all of them have joined, also those that are declared later. */
  get endpoint(): string {
    return Lazy.stringValue({ produce: () => [Fn.join(',', this.resource.endpoints), ...this.joined.map((node) => node.endpoint)].join(',') });
  }

  /** Another machine that joins; beside the cluster in the tree of constructs, so that its address is its own. */
  join(id: string, props: JoinProps): Node {
    const node = new Node(this.home, id, { ...given({ package: this.props.package }), ...props, cluster: this.resource.interpolationForAttribute('bootstrap'), holdfast: this.props.holdfast });
    this.joined.push(node);
    if (props.roles?.includes('control') === true) {
      this.controlHosts.push(given({ host: props.host, port: props.port, user: props.user, hostKey: props.hostKey }));
      this.resource.putControlHosts([...this.controlHosts]);
    }
    return node;
  }

  /**
   * The configuration of the provider for what is in the cluster: give it as `holdfast` to pools and volumes. It follows
   * from all nodes: so what is declared through it is made after the last node and destroyed before the first.
   */
  data(id: string, props: DataProps = {}): Holdfast {
    return new Holdfast(this.home, id, {
      alias: id,
      endpoint: this.endpoint,
      tls: { caCertificate: this.caCertificate, clientCertificate: this.adminCertificate, ...given({ clientKeyFile: props.keyFile }) },
      ...given({ owner: props.owner, defaults: props.defaults }),
    });
  }
}
