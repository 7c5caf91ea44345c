/** Paths as the user means them: below the working directory, as the shell would. */
import path from 'node:path';
import type { Host } from './host.ts';

/** An absolute path, without "." and "..". */
export const absolute = (host: Pick<Host, 'cwd'>, given: string): string => path.resolve(host.cwd, given);
