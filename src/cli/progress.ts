/** One line on the terminal that tells how far an operation is. It shows after a moment, and is gone when it is over. */
import { formatBytes } from '../model/bytes.ts';
import { isOver, type Operation } from '../model/operation.ts';
import { bar } from './format.ts';
import type { Host } from './host.ts';
import { createPaint, plain, wantsColours, wantsUnicode, type Paint } from './paint.ts';
import { cut } from './table.ts';

export interface Progress {
  show(operation: Operation): void;
  /** Takes the line away. May be called more than once. */
  end(): void;
}

const APPEARS_MS = 400;
const FRAME_MS = 100;
const FRAMES = { unicode: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'], ascii: [...'|/-\\'] };

export function startProgress(host: Host): Progress {
  const paint = createPaint(wantsColours(host.env, true), wantsUnicode(host.env));
  const frames = paint.unicode ? FRAMES.unicode : FRAMES.ascii;
  const begun = host.now();
  let latest: Operation | null = null;
  let frame = 0;
  let shown = false;
  const draw = (): void => {
    if (latest === null || isOver(latest) || host.now() - begun < APPEARS_MS) return;
    shown = true;
    frame += 1;
    host.stderr.write(`\r\u001b[2K${paint('cyan', frames[frame % frames.length] ?? '')} ${progressLine(latest, (host.stderr.columns ?? 80) - 3, paint)}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    show(operation) { latest = operation; },
    end() {
      clearInterval(timer);
      if (shown) host.stderr.write('\r\u001b[2K');
      shown = false;
      latest = null;
    },
  };
}

/** `volume.restore db  build  [█████░░░░░] 4 GiB of 10 GiB` */
export function progressLine({ kind, target, step, done, total, unit, cancel_requested: stopping }: Operation, width: number, paint: Paint): string {
  const what = cut(`${kind} ${plain(target.name)}  ${stopping ? 'stopping' : plain(step)}`, Math.max(10, width - 44), paint);
  if (total <= 0) return what;
  const amount = unit === 'bytes' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} steps`;
  return `${what}  ${bar([{ value: done, colour: 'cyan' }], total, 16, paint)} ${amount}`;
}
