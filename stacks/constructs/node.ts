// A machine that joins a cluster: Holdfast is installed on it over SSH and kept as it is declared. How SSH logs in is
// the provider's; the first node of a cluster is part of the cluster itself.
import { node as l1 } from '../bindings.ts';
import { Construct, type IResolvable } from '../cdktf.ts';
import { given } from './given.ts';
import type { Holdfast } from './provider.ts';

/** What a node does: `control` holds the control store and signs certificates (1, 3 or 5 of them), `storage` holds replicas. */
export type Role = 'control' | 'storage';

/** Where Holdfast comes from: a package on this machine, which is uploaded, or a version that the machines' apt-get finds. */
export type Package = { readonly file: string } | { readonly apt: string };

/** A machine, as it is reached and as the cluster knows it. */
export interface MachineProps {
  /** Name or address that SSH connects to. */
  readonly host: string;
  /** Port of its sshd. Default: the provider's. */
  readonly port?: number;
  /** Who logs in. Default: the provider's. */
  readonly user?: string;
  /** Its public host key or the fingerprint of it. Default: what known_hosts has; an unknown key is refused. */
  readonly hostKey?: string;
  /** `host` or `host:port` where nodes and clients reach its REST API. Default: `host`, port 7480. */
  readonly address?: string;
  /** Its failure domain. Default: none. */
  readonly zone?: string;
  /** Labels of the node; placement may ask for them. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: `storage`; of the first node both. */
  readonly roles?: readonly Role[];
}

export interface JoinProps extends MachineProps {
  /** Name of the node. Default: the id of the construct. */
  readonly name?: string;
  /** Default: as the cluster's. */
  readonly package?: Package;
  /** Which machine it is, such as the id of an instance: a change replaces the node. Default: its /etc/machine-id. */
  readonly machineId?: string;
  /** When it is destroyed: move everything away, hand volumes over, or leave it as it is. Default: drain. */
  readonly onDestroy?: 'drain' | 'hand_over' | 'forget';
}

/** A node that pools can be put on. */
export interface INode {
  /** Its name; what takes it from here comes after the node. */
  readonly name: string;
}

/** A node that joins; made by `cluster.join(…)`. */
export class Node extends Construct implements INode {
  private readonly resource: l1.Node;

  constructor(scope: Construct, id: string, props: JoinProps & { readonly cluster: IResolvable; readonly holdfast?: Holdfast | undefined }) {
    super(scope, id);
    this.resource = new l1.Node(this, 'Default', {
      name: props.name ?? id,
      ...machine(props),
      // What the generated class knows as an object is passed on whole, as the reference that it is.
      cluster: props.cluster as unknown as l1.NodeCluster,
      ...given({ package: props.package, machineId: props.machineId, onDestroy: props.onDestroy, provider: props.holdfast?.provider }),
    });
  }

  get name(): string {
    return this.resource.name;
  }

  /** `node_…`. */
  get nodeId(): string {
    return this.resource.nodeId;
  }

  /** REST endpoint of this node. */
  get endpoint(): string {
    return `https://${this.resource.address}`;
  }
}

/** What the first node and the others say about their machine in the same way. */
export const machine = ({ host, port, user, hostKey, address, zone, labels, roles }: MachineProps) =>
  ({ host, ...given({ port, user, hostKey, address, zone, labels, roles: roles === undefined ? undefined : [...roles] }) });
