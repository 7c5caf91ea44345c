/** What keeps a pool from being used, as an observation. */
import type { PoolFault, PoolObservation } from '../control/ports/data-plane.ts';
import type { PoolFilesystem } from '../model/pool.ts';

export type FaultOf = (type: PoolFault, message: string, hint: string) => PoolObservation;

export const poolFault = (filesystems: readonly PoolFilesystem[], type: PoolFault, message: string, hint: string): PoolObservation => ({ filesystems, fault: { type, message, hint } });
