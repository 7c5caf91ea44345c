/**
 * A unix socket that only root can reach, from its first moment on: it is made in a private directory, gets its mode
 * there and is then renamed into place. A socket that somebody answers on is never taken; what is no socket is never
 * removed.
 */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { HoldfastError } from '../../model/errors.ts';

/** What the kernel allows in a socket's address. */
const MAX_PATH_BYTES = 107;

/**
 * @param listen binds the path that it is given.
 * @returns a function that removes the socket file, if it is still this one.
 * @throws conflict when a daemon answers there; failed_precondition when something else is in the way.
 */
export async function listenPrivately(socketPath: string, listen: (boundPath: string) => Promise<void>): Promise<() => void> {
  if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES) {
    throw new HoldfastError('invalid_argument', `the path of the socket has ${Buffer.byteLength(socketPath)} bytes, the kernel allows ${MAX_PATH_BYTES}`, { object: `socket ${socketPath}`, hint: 'Use a shorter root directory.' });
  }
  const directory = path.dirname(socketPath);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  await refuseLiving(socketPath);
  // Short, so that it fits where the final path fits.
  const nursery = mkdtempSync(path.join(directory, '.s'));
  try {
    const born = path.join(nursery, 's');
    await listen(born);
    chmodSync(born, 0o600);
    const { ino } = statSync(born);
    renameSync(born, socketPath);
    return () => {
      try {
        if (lstatSync(socketPath).ino === ino) unlinkSync(socketPath);
      } catch { /* somebody removed it before us */ }
    };
  } finally {
    rmSync(nursery, { recursive: true, force: true });
  }
}

async function refuseLiving(socketPath: string): Promise<void> {
  const there = lstatSync(socketPath, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) {
    throw new HoldfastError('failed_precondition', `${socketPath} is in the way: it is not a socket`, { object: `socket ${socketPath}`, hint: 'Move it away, or use another root directory.' });
  }
  const answer = await knock(socketPath);
  if (answer === 'ECONNREFUSED' || answer === 'ENOENT') return;
  throw new HoldfastError('conflict', `somebody listens on ${socketPath} already`, { object: `socket ${socketPath}`, hint: 'Is another holdfastd running? End it first, or use another root directory.' });
}

/** `connected`, or the code of the error. */
function knock(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: socketPath });
    socket.once('connect', () => { socket.destroy(); resolve('connected'); });
    socket.once('error', (error: NodeJS.ErrnoException) => { socket.destroy(); resolve(error.code ?? 'unknown'); });
  });
}
