/** What every file of routes gets: the app, control, and how to answer a change. It decides nothing. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import { Type } from 'typebox';
import type { ClusterControl } from '../../../control/cluster-control.ts';
import type { Accepted } from '../../../control/control.ts';
import { count, reference } from '../schema/building.ts';

export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>;

export interface Door {
  readonly app: App;
  readonly control: ClusterControl;
  readonly version: string;
  /** Directories below which the role plugin may have volumes mounted. */
  readonly pluginPaths: readonly string[];
  /** Answers an accepted change: see `settle`. `reread` null: the object is gone afterwards. */
  settle<T extends { readonly id: string; readonly version: number }>(
    request: FastifyRequest, reply: FastifyReply, accepted: Accepted<T>, status: number, reread: ((id: string) => Promise<T>) | null,
  ): Promise<unknown>;
  /** Aborted when the caller has gone or the surface closes. */
  signalOf(reply: FastifyReply): AbortSignal;
}

export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 500, description: 'Length of a page, 1 to 500.' })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description: '`next` of the page before. Default: the first page.' })),
};
export const byName = { name: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only the one of this name.' })) };

export const params = {
  pool: Type.Object({ pool: reference('pool') }),
  volume: Type.Object({ volume: reference('volume') }),
  trashed: Type.Object({ volume: reference('volume in the trash', { description: 'Id of a volume in the trash, or the name it had (the newest of that name).' }) }),
  snapshot: Type.Object({ snapshot: reference('snapshot', { description: 'Id of the snapshot, or `volume@snapshot`.', examples: ['db@before-upgrade'] }) }),
  node: Type.Object({ node: reference('node') }),
  operation: Type.Object({ operation: Type.String({ minLength: 1, maxLength: 512, description: 'Id of the operation.' }) }),
};
export const waitQuery = { wait_ms: Type.Optional(count('Wait until the operation is over, at most so many milliseconds, 0 to 60000. Default 0: answer at once.', { maximum: 60_000, default: 0 })) };
