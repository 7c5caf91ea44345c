/**
 * Tells the service manager how the daemon stands: systemd's notification datagram (sd_notify(3)), written through koffi
 * because Node has no datagrams on unix sockets. Without a service manager it does nothing; it never fails the daemon.
 */
import koffi from 'koffi';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x8_0002;
/** Longest name of a unix socket, as the kernel has it. */
const MOST_NAME_BYTES = 108;

/**
 * @param state lines such as `READY=1`, `STOPPING=1`, `STATUS=…`.
 * @param address where to; the value of NOTIFY_SOCKET: a path, or an abstract name after `@`. Undefined: nobody asked.
 * @returns whether somebody was told.
 */
export function notifyServiceManager(state: string, address: string | undefined): boolean {
  if (address === undefined || !/^[/@]./.test(address)) return false;
  const name = Buffer.from(address);
  if (name.length >= MOST_NAME_BYTES) return false;
  if (address.startsWith('@')) name[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX); // little endian: amd64 and arm64
  const to = Buffer.concat([family, name]);
  const message = Buffer.from(state);

  const libc = koffi.load(null);
  const socket = libc.func('int socket(int, int, int)') as (domain: number, type: number, protocol: number) => number;
  const sendto = libc.func('long sendto(int, void *, size_t, int, void *, uint)') as (fd: number, message: Buffer, length: number, flags: number, to: Buffer, toLength: number) => number;
  const close = libc.func('int close(int)') as (fd: number) => number;
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return false;
  try {
    return Number(sendto(fd, message, message.length, 0, to, to.length)) === message.length;
  } finally {
    close(fd);
  }
}
