// (written next)
import { addressIn, MIRROR_HOST } from './switch.ts';
export const bareSources = (lab: number): string => `deb [trusted=yes] http://${addressIn(lab, MIRROR_HOST)}/ ./\n`;
