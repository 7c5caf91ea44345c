/** The sample provider's process. */
import { appendFileSync } from 'node:fs';
import { serveProvider } from '../../../../provider/framework/index.ts';
import { sample } from './provider.ts';

if (process.env['SAMPLE_STARTS'] !== undefined) appendFileSync(process.env['SAMPLE_STARTS'], `${process.pid} ${Math.round(performance.now())}\n`);
void serveProvider(sample);
