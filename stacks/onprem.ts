// The stack of machines of one's own, reached over SSH: from bare machines with sshd to a cluster with pools and volumes,
// in one deploy. What differs from place to place comes from cdktf.json (`onprem`).
import { Fn, TerraformOutput, TerraformStack, type Construct } from './cdktf.ts';
import { Cluster } from './constructs/cluster.ts';
import { given } from './constructs/given.ts';
import type { INode } from './constructs/node.ts';
import { Pool } from './constructs/pool.ts';
import { Holdfast } from './constructs/provider.ts';
import { Retention } from './constructs/retention.ts';
import { Size } from './constructs/size.ts';
import { Ssh } from './constructs/ssh.ts';
import { Volume } from './constructs/volume.ts';
import type { OnpremSettings, PoolSettings } from './onprem-settings.ts';

export class OnpremStack extends TerraformStack {
  constructor(scope: Construct, id: string, settings: OnpremSettings) {
    super(scope, id);
    // Two configurations of the provider: this one reaches machines, `data` reaches the cluster that they become.
    new Holdfast(this, 'machines', { ssh: new Ssh(settings.ssh) });

    const { first, nodes, admin } = settings;
    const [one] = nodes.filter(({ name }) => name === first);
    if (one === undefined) throw new Error(`none of the nodes is ${first}`);
    const cluster = new Cluster(this, 'cluster', {
      name: settings.cluster,
      first: one,
      admin: { csr: Fn.file(admin.csrFile), ...given({ name: admin.name }) },
      ...given({ package: settings.package, onDestroy: settings.onDestroy }),
    });
    const machines = new Map<string, INode>([[first, cluster.first]]);
    for (const { name, pools: _, ...machine } of nodes) if (name !== first) machines.set(name, cluster.join(name, machine));

    const data = cluster.data('data', { keyFile: admin.keyFile, owner: `stack-${id}/${settings.cluster}` });
    const pools = nodes.flatMap((node) => node.pools.map((pool) => this.pool(pool, machines.get(node.name), data)));
    for (const { name, size, node, zones, disposable = false, ...volume } of settings.volumes) {
      new Volume(this, name, {
        ...volume,
        size: Size.parse(size),
        among: pools,
        holdfast: data,
        ...(node === undefined && zones === undefined ? {} : { placement: given({ node, zones }) }),
        ...(disposable ? { deletionProtection: false, trashRetention: Retention.none() } : {}),
      });
    }

    new TerraformOutput(this, 'endpoint', { value: cluster.endpoint });
    new TerraformOutput(this, 'ca_certificate', { value: cluster.caCertificate });
    new TerraformOutput(this, 'admin_certificate', { value: cluster.adminCertificate });
  }

  private pool({ name, devices, path, ...rest }: PoolSettings, on: INode | undefined, holdfast: Holdfast): Pool {
    const props = { ...rest, ...given({ on }), holdfast };
    return devices === undefined ? Pool.directory(this, name, { ...props, path: path ?? '' }) : Pool.devices(this, name, { ...props, devices });
  }
}
