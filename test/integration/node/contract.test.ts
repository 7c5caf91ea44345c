/** The real DataPlane keeps the contract: on a directory that cannot share blocks, and on a device that can. */
import { dataPlaneContract } from '../../contract/data-plane.contract.ts';
import { openMachine } from './machine.ts';

dataPlaneContract('on a directory', async () => openMachine('directory'), ['ext4', 'xfs']);
dataPlaneContract('on a block device', async () => openMachine('device'), ['ext4', 'xfs']);
