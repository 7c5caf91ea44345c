/** The provider `holdfast`: its configuration, and everything it offers. Reads no environment; `main.ts` does. */
import { createClient, DEFAULT_ENDPOINT } from '../src/client/client.ts';
import { checkLabels } from '../src/model/name.ts';
import { VERSION } from '../src/model/version.ts';
import { Machines } from './bootstrap/connect.ts';
import { capacity } from './data-sources/capacity.ts';
import { nodes, pools, snapshots, volumes } from './data-sources/lists.ts';
import * as one from './data-sources/singles.ts';
import { formatBytesFunction } from './functions/format-bytes.ts';
import { parseSpecFunction } from './functions/parse-spec.ts';
import { userDataFunction } from './functions/user-data.ts';
import { NotConfigured, oneOf, t, type ConfigOf } from './framework/index.ts';
import { isWhollyKnown } from './protocol/value.ts';
import { understood } from './resources/check.ts';
import { client, joinToken } from './resources/client-certificate.ts';
import { cluster } from './resources/cluster.ts';
import { Connection, IF_TRASHED, type IfTrashed } from './resources/connection.ts';
import { holdfast } from './resources/define.ts';
import { describeFailure } from './resources/failure.ts';
import { node } from './resources/node.ts';
import { pool } from './resources/pool.ts';
import { snapshot } from './resources/snapshot.ts';
import { ssh, sshSettings, type SshEnvironment } from './resources/ssh-settings.ts';
import { tlsAttributes, tlsOf, type TlsEnvironment } from './resources/tls-settings.ts';
import { volume } from './resources/volume.ts';

const attributes = {
  endpoint: t.string().describe(`The daemon: \`unix:///path\` of its socket, or \`https://host:port\`; several nodes of one cluster with commas between: when one does not answer, the next is asked. Default: the environment variable \`HOLDFAST_ENDPOINT\`, else \`${DEFAULT_ENDPOINT}\`.`),
  ...tlsAttributes,
  owner: t.string().validate(understood((owner: string) => { if (owner.length > 255) throw new RangeError(`owner has ${owner.length} characters, 255 are allowed.`); }))
    .describe('Who this configuration is: any text of at most 255 characters that no other configuration uses. It is stored on what is made here. After a run was killed, an empty volume or pool that it left is taken up again only with the same owner; without one such a leftover has to be imported. Default: none.'),
  defaults: t.object({
    deletion_protection: t.bool().describe('For volumes that do not say. Default `true`.'),
    if_trashed: t.string().validate(oneOf(...IF_TRASHED)).describe('For volumes that do not say: `refuse`, `restore` or `new`. Default `refuse`.'),
    labels: t.map(t.string()).validate(understood((labels: Record<string, string>) => checkLabels('defaults.labels', labels))).describe('Labels that every object gets; its own win. Default: none.'),
  }).describe('What objects get that do not say otherwise.'),
  ssh,
};

/** What the environment says about where the daemon is, and how it and machines are reached. */
export interface Environment extends SshEnvironment, TlsEnvironment { readonly endpoint?: string | undefined }

export const createProvider = (environment: Environment = {}) => holdfast.provider({
  name: 'holdfast',
  version: VERSION,
  description: 'Holdfast keeps volumes for containers: pools of capacity, volumes in them, and snapshots. This provider declares them; containers mount the volumes by their names.',
  example: `terraform {
  required_providers {
    holdfast = {
      source = "holdfast/holdfast"
    }
  }
}

provider "holdfast" {
  owner = "shop/production"

  defaults = {
    labels = { team = "shop" }
  }
}
`,
  attributes,
  configure(config, { error, warn }) {
    if (!isWhollyKnown(config)) {
      return new NotConfigured('Something in the provider\'s configuration (its endpoint, certificates, owner, defaults or ssh) is known only after apply. Until then objects are shown as they were last seen, and names, sizes, capacity and protection are not checked in this plan.');
    }
    const { endpoint, owner, defaults, ...rest } = config as ConfigOf<typeof attributes>;
    const where = endpoint ?? environment.endpoint ?? DEFAULT_ENDPOINT;
    try {
      return new Connection(createClient({ endpoint: where, agent: 'terraform', tls: tlsOf(rest, environment, { error, warn }) }), owner ?? '', {
        deletion_protection: defaults?.deletion_protection ?? true,
        if_trashed: (defaults?.if_trashed as IfTrashed | null | undefined) ?? 'refuse',
        labels: defaults?.labels ?? {},
      }, new Machines(sshSettings(rest.ssh, environment, { error, warn })));
    } catch (thrown) {
      const { summary, detail } = describeFailure(thrown) ?? { summary: 'Endpoint cannot be used', detail: String(thrown) };
      error(summary, endpoint === null && environment.endpoint !== undefined ? `${detail} (from HOLDFAST_ENDPOINT)` : detail, ['endpoint']);
      return new NotConfigured(detail);
    }
  },
  describeError: describeFailure,
  resources: [client, cluster, node, pool, volume, snapshot],
  dataSources: [one.pool, one.volume, one.snapshot, one.node, pools, volumes, snapshots, nodes, capacity],
  ephemerals: [joinToken],
  functions: [parseSpecFunction, formatBytesFunction, userDataFunction],
});
