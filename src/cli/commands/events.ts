/** `holdfast events`. */
import type { HoldfastClient } from '../../client/client.ts';
import type { HoldfastEvent } from '../../model/node.ts';
import { command } from '../command.ts';
import { formatTime } from '../format.ts';
import { newest } from '../newest.ts';
import { flag, integer, text } from '../option.ts';
import type { Output } from '../output.ts';
import { plain } from '../paint.ts';
import { eventColumns } from '../tables.ts';

const SHOWN = 50;

export default command({
  options: {
    follow: flag('-f, --follow', 'Go on with what happens from now on, until Ctrl-C.'),
    object: text('--object <object>', 'Only those about this object: its id or name.', 'object'),
    limit: integer('--limit <count>', `At most so many of the past. Default: ${SHOWN} in a table, all in JSON and YAML; none with --follow.`, 1, 100_000),
  },
  details: 'A table has the newest at its end. With --follow, JSON is one event a line and YAML one document an event.',
  examples: [['events', 'What happened of late'], ['events --object db', 'The story of one volume'], ['events --follow -o json', 'A stream for a program']],
  async run({ out, client, interruptible }, { follow, object, limit }) {
    if (follow) return interruptible((signal) => followEvents(client, out, { object, limit: limit ?? 0 }, signal));
    const { items, more } = await newest(client.events.list({ object }), limit ?? (out.human ? SHOWN : Infinity));
    if (more) out.note('There are older ones: --limit shows them.');
    await out.list(out.human ? items.reverse() : items, eventColumns, 'Nothing has happened yet.');
  },
});

async function followEvents(client: HoldfastClient, out: Output, { object, limit }: { readonly object: string | undefined; readonly limit: number }, signal: AbortSignal): Promise<void> {
  const stream = client.events.watch({ object }, { signal })[Symbol.asyncIterator]();
  let next = stream.next(); // listen first, then list, so that nothing falls in between
  next.catch(() => undefined);
  const seen = new Set<string>();
  if (limit > 0) {
    for (const event of (await newest(client.events.list({ object }, { signal }), limit)).items.reverse()) {
      seen.add(event.id);
      await show(out, event);
    }
  }
  for (;;) {
    const step = await next;
    if (step.done === true) return;
    next = stream.next();
    next.catch(() => undefined);
    if (!seen.has(step.value.id)) await show(out, step.value);
  }
}

const show = (out: Output, event: HoldfastEvent): Promise<void> => {
  const { paint } = out.layout;
  return out.item(event, () => `${paint('dim', formatTime(event.at))}  ${plain(`${event.object.kind} ${event.object.name}`)}  ${paint(event.severity === 'warning' ? 'yellow' : 'cyan', plain(event.reason))}  ${plain(event.message)}`);
};
