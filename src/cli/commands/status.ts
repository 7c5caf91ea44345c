/** `holdfast status`. */
import { command } from '../command.ts';

export default command({
  examples: [['status', 'The overview'], ['status -o json', 'The same for a script']],
  async run({ out, client, host }) {
    const status = await client.status();
    await out.object(status, async () => {
      const [{ statusSheet }, pools] = await Promise.all([import('../views/status.ts'), client.pools.list().all()]);
      return statusSheet(status, pools, out.layout, host.now());
    });
  },
});
