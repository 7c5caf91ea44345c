/** `holdfast cluster status`. */
import { formatMoment } from '../format.ts';
import { command } from '../command.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import { nodeColumns } from '../tables.ts';

export default command({
  examples: [['cluster status', 'Which cluster this is, and its nodes']],
  async run({ host, out, client }) {
    const cluster = await client.cluster();
    await out.object(cluster, async () => {
      const nodes = await client.nodes.list().all();
      return createSheet(out.layout)
        .title('cluster', cluster.name)
        .section(null, [['id', plain(cluster.id)], ['made', formatMoment(cluster.created_at, host.now())]])
        .table('nodes', nodeColumns(host.now()), nodes)
        .lines();
    });
  },
});
