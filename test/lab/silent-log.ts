// A log that nobody reads.
import type { Log } from '../../src/control/ports/system.ts';

const nothing = (): void => undefined;
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
