/**
 * What a mirror and a replica say to each other on one connection, which belongs to one (volume, generation,
 * incarnation). Every request is answered exactly once, answers come in any order. `D` is what carries data: bytes in
 * the product, numbers in the simulation; the protocol never looks into it.
 */

/** Offsets and lengths are in bytes, in whole blocks of 4096; `regions` are numbers of regions. */
export type ReplicaRequest<D> =
  | { readonly kind: 'read'; readonly offset: number; readonly length: number }
  | { readonly kind: 'write'; readonly offset: number; readonly length: number; readonly data: D; readonly fua: boolean }
  /** TRIM and WRITE_ZEROES: reads back as zeroes. */
  | { readonly kind: 'zero'; readonly offset: number; readonly length: number; readonly fua: boolean; readonly punch: boolean }
  /** Everything that was answered before is on the medium when this is answered. */
  | { readonly kind: 'flush' }
  /** Asks for the grant anew: it runs from when the mirror sent this. */
  | { readonly kind: 'renew' }
  | { readonly kind: 'give-back' }
  /** Sets `intent`, durably. */
  | { readonly kind: 'intend'; readonly regions: readonly number[] }
  /** Clears `intent`, and sets `missed` in the same durable write when a replica of the record lacks the regions. */
  | { readonly kind: 'settle'; readonly regions: readonly number[]; readonly missed: boolean }
  /** Clears `missed`, durably. */
  | { readonly kind: 'forget'; readonly regions: readonly number[] }
  /** End of a return: data to the medium, these bits added to the map, `restarted` cleared, the history written. */
  | { readonly kind: 'join'; readonly history: number; readonly intent: readonly number[]; readonly missed: readonly number[] }
  /** Recovery is complete and on the medium everywhere: `restarted` is cleared. */
  | { readonly kind: 'recovered' }
  | { readonly kind: 'version'; readonly set_version: number; readonly members: readonly string[] }
  /** Zeroes what lies between its length and `size`, lengthens image and map, durably. */
  | { readonly kind: 'grow'; readonly size: number }
  /** A durable copy of the image as it is now. */
  | { readonly kind: 'clone'; readonly snapshot: string };

export type ReplicaAnswer<D> =
  | { readonly ok: true; readonly data?: D }
  /** `io`: the medium failed. `full`: no space, and nothing was written that counts. */
  | { readonly ok: false; readonly error: 'io' | 'full' };

/** What a replica tells when it has been fenced and the connection is open. */
export interface Fenced {
  readonly history: number;
  readonly size: number;
  readonly set_version: number;
  /** The highest generation that it was fenced to before this one. */
  readonly previous: number;
  /** It may have lost what was not flushed; `false` when that can only be so on an unclean record. */
  readonly restarted: 'no' | 'boot' | 'failed';
  /** No image of this history: a return needs a full copy. */
  readonly empty: boolean;
  readonly intent: readonly number[];
  readonly missed: readonly number[];
}

/** Why a replica does not open: a newer generation is fenced, it is damaged, or it is not (yet) able to. */
export type Refusal = { readonly why: 'newer'; readonly generation: number } | { readonly why: 'damaged' } | { readonly why: 'gone' };
