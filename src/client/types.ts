/** The nouns that the client speaks: the model's where it has them, else the API's own. */
import type { JoinToken } from '../model/identity.ts';
import type { Operation } from '../model/operation.ts';
import type { components } from './generated/schema.ts';

type Schemas = components['schemas'];
/** Optional fields may also be given as undefined, which is the same as leaving them out. */
export type Given<T> = { readonly [K in keyof T]: Record<never, never> extends Pick<T, K> ? T[K] | undefined : T[K] };

export type CreateVolume = Given<Schemas['CreateVolume']>;
/** As `CreateVolume`, for the volume of a name: size and replicas are minimums. */
export type EnsureVolume = Given<Schemas['EnsureVolume']>;
export type UpdateVolume = Given<Schemas['UpdateVolume']>;
export type CreatePool = Given<Schemas['CreatePool']>;
export type UpdatePool = Given<Schemas['UpdatePool']>;
export type GrowPool = Given<Schemas['GrowPool']>;
export type WipePool = Given<Schemas['WipePool']>;
export type CreateSnapshot = Given<Schemas['CreateSnapshot']>;
export type UpdateSnapshot = Given<Schemas['UpdateSnapshot']>;
export type PublishVolume = Given<Schemas['PublishVolume']>;
export type UnpublishVolume = Given<Schemas['UnpublishVolume']>;
export type UpdateNode = Given<Schemas['UpdateNode']>;
export type NodeHolding = Schemas['NodeHolding'];
export type StoreMember = Schemas['StoreMember'];
export type CreateToken = Given<Schemas['CreateToken']>;
export interface CreatedToken {
  /** As it must be given to who joins: a secret. */
  readonly token: string;
  readonly record: JoinToken;
}
export type SignCertificate = Given<Schemas['SignCertificate']>;
export type SignedCertificate = Schemas['SignedCertificate'];
export type RenewCertificate = Given<Schemas['RenewCertificate']>;
export type RenewedCertificate = Schemas['RenewedCertificate'];
export type Status = Schemas['Status'];
export type Capacity = Schemas['Capacity'];
export type PlacementExplanation = Schemas['PlacementExplanation'];
export type Version = Schemas['Version'];
export type StoreCheck = Schemas['StoreCheck'];

/** An object after a change, and what the caller should be told, as sentences ([] when there is nothing). */
export type Changed<T> = T & { readonly warnings: readonly string[] };

/** What was deleted. */
export interface Removed {
  readonly id: string;
  /** The name it had. */
  readonly name: string;
  /** For volumes: until when it can be restored, ISO 8601; null when its data are gone. */
  readonly purgeAt: string | null;
  readonly warnings: readonly string[];
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page, null at the end. */
  readonly next: string | null;
}
export interface PageQuery {
  /** Length of a page: 1 to 500, default 500. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}
export interface VolumeFilter {
  readonly name?: string | undefined;
  /** Id or name. */
  readonly pool?: string | undefined;
  readonly owner?: string | undefined;
  /** Every one must be there with this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface ReadOptions {
  /** Aborted: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface WaitOptions extends ReadOptions {
  /** Called with the operation when it begins, while it goes on (about twice a second) and at its end. */
  readonly onProgress?: ((operation: Operation) => void) | undefined;
  /** Gives up after so long, ms, with `unavailable`; the operation goes on. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * When the signal is aborted: cancel the operation, wait until it has ended (at most 30 s), and answer as it ended:
   * the object if it was too late to cancel, else an error. Default false: reject at once, the operation goes on.
   */
  readonly cancelOnAbort?: boolean | undefined;
}

export interface ChangeOptions extends WaitOptions {
  /** Refuse (conflict) unless the object still has this version. */
  readonly expectedVersion?: number | undefined;
}

export interface CreateOptions extends WaitOptions {
  /** The same create with the same key again gets the first answer. Default: a random one for each call. */
  readonly idempotencyKey?: string | undefined;
}
