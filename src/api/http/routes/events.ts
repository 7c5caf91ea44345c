/** /v1/events: the list, and the stream of what happens from now on (server-sent events). */
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { HoldfastEvent } from '../../../model/node.ts';
import { HoldfastError } from '../../../model/errors.ts';
import { answers } from '../answers.ts';
import { EventPage } from '../schema/system.ts';
import { pageQuery, type Door } from './door.ts';

/** Streams at once, in all: each holds a connection and a buffer for as long as its reader likes. */
const MAX_STREAMS = 64;
/** A reader that leaves so much unread is cut off: it lists again from the last event it saw. */
const MAX_UNREAD_BYTES = 1024 * 1024;
const HEARTBEAT_MS = 15_000;

const ofObject = { object: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only those about this object: its id or name.' })) };

export function eventRoutes(door: Door): void {
  const { app, control } = door;
  const tags = ['events'];
  let streams = 0;

  app.get('/v1/events', {
    schema: { operationId: 'listEvents', summary: 'List events', tags, querystring: Type.Object({ ...ofObject, ...pageQuery }), response: answers({ 200: [EventPage, 'A page of events, newest first.'] }) },
  }, ({ query }) => control.listEvents(query));

  app.get('/v1/events/watch', {
    schema: {
      operationId: 'watchEvents', summary: 'Watch events', tags, querystring: Type.Object(ofObject),
      description: 'A stream of server-sent events from now on: `id` is the id of the event and `data` is the event as JSON. A comment every 15 seconds shows that the connection lives.',
      response: { 200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } }, ...answers({}) },
    },
  }, async (request, reply) => {
    if (streams >= MAX_STREAMS) throw new HoldfastError('unavailable', `${MAX_STREAMS} streams of events are open, which is the limit`, { hint: 'Close one, or list events instead.' });
    const signal = door.signalOf(reply);
    streams += 1;
    try {
      await stream(reply, control.watchEvents(signal), signal, request.query.object);
    } finally {
      streams -= 1;
    }
  });
}

async function stream(reply: FastifyReply, events: AsyncIterable<HoldfastEvent>, signal: AbortSignal, object: string | undefined): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' });
  raw.write(': watching\n\n');
  const heartbeat = setInterval(() => raw.write(': alive\n\n'), HEARTBEAT_MS);
  try {
    for await (const event of events) {
      if (object !== undefined && event.object.id !== object && event.object.name !== object) continue;
      raw.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
      if (raw.writableLength > MAX_UNREAD_BYTES) return void raw.destroy();
    }
  } catch (thrown) {
    if (!signal.aborted) raw.write(`event: error\ndata: ${JSON.stringify(thrown instanceof HoldfastError ? thrown.toBody() : { code: 'internal', message: 'the stream ended by a fault', detail: {}, retryable: true })}\n\n`);
  } finally {
    clearInterval(heartbeat);
    raw.end();
  }
}
