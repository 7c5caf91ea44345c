/**
 * ReplicationEngine: the seam behind which a volume's block device is made on a node. `loop` (one replica,
 * direct I/O on the image) is the first; the mirror and DRBD stand behind the same words and the same record.
 */
import type { Volume } from '../../model/volume.ts';

export interface ReplicationEngine {
  readonly name: 'loop' | 'mirror' | 'drbd';
  /** Whether this engine can attach the volume on this node; the reason when it cannot. */
  suits(volume: Volume): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Reserve, fence, activate; returns the record as it is afterwards, with its device. */
  attach(volume: Volume): Promise<{ readonly volume: Volume; readonly device: string }>;
  /** Flush, stop serving, release. */
  detach(volume: Volume): Promise<Volume>;
}
