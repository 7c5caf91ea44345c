/** The stream of events: reads server-sent events as they come. It does not reconnect. */
import type { IncomingMessage } from 'node:http';
import { HoldfastError } from '../model/errors.ts';
import type { HoldfastEvent } from '../model/node.ts';
import { errorBody, urlOf } from './call.ts';

/** Opens a GET of a path, with its query. */
export type OpenStream = (path: string, signal: AbortSignal | undefined) => Promise<IncomingMessage>;

export async function* readEvents(open: OpenStream, filter: { readonly object?: string | undefined }, signal: AbortSignal | undefined): AsyncGenerator<HoldfastEvent, void, undefined> {
  const stopped = (): boolean => signal?.aborted === true;
  if (stopped()) return;
  const answer = await open(urlOf('/v1/events/watch', {}, filter), signal);
  const stop = (): void => { answer.destroy(); };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (answer.statusCode !== 200) {
      const text = await textOf(answer);
      const body = errorBody(text);
      throw body === undefined ? new HoldfastError('internal', `the stream of events has status ${answer.statusCode ?? 0}`) : HoldfastError.fromBody(body);
    }
    for await (const { event, data } of blocks(answer)) {
      if (event === 'error') throw HoldfastError.fromBody(errorBody(data) ?? { code: 'internal', message: data, detail: {}, retryable: true });
      yield JSON.parse(data) as HoldfastEvent;
    }
  } catch (thrown) {
    if (stopped()) return;
    if (thrown instanceof HoldfastError) throw thrown;
    throw ended(thrown);
  } finally {
    signal?.removeEventListener('abort', stop);
    answer.destroy();
  }
  // Consumers stop by the signal or by leaving the loop; an end from the other side is news.
  if (!stopped()) throw ended(undefined);
}

const ended = (cause: unknown): HoldfastError => new HoldfastError('unavailable', 'the stream of events ended: holdfastd is going away', { hint: 'List the events, then watch again.' }, { cause });

async function* blocks(stream: AsyncIterable<Buffer>): AsyncGenerator<{ event: string; data: string }, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
      const lines = rest.slice(0, at).split('\n');
      rest = rest.slice(at + 2);
      const field = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      const data = field('data');
      if (data.length > 0) yield { event: field('event')[0] ?? '', data: data.join('\n') };
    }
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
