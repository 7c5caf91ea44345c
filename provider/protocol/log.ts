/**
 * The provider's log: JSON lines on stderr in the form of hclog, which Terraform sorts by level into its own log.
 * Without TF_LOG or TF_LOG_PROVIDER nothing is written. Never writes to stdout, which belongs to the handshake.
 */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  readonly trace: (message: string, fields?: LogFields) => void;
  readonly debug: (message: string, fields?: LogFields) => void;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
}

/** A log whose level is that of TF_LOG_PROVIDER, else TF_LOG, else off; `fixed` is added to every line. */
export function createLog(env: NodeJS.ProcessEnv, write: (line: string) => void, fixed: LogFields = {}): Log {
  const threshold = thresholdOf(env['TF_LOG_PROVIDER'] || env['TF_LOG'] || 'off');
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (LEVELS.indexOf(level) < threshold) return;
    // go-plugin insists on six digits of a second; with three it takes the whole line for plain text.
    const timestamp = new Date().toISOString().replace('Z', '000Z');
    const line = { '@level': level, '@message': message, '@module': 'provider', '@timestamp': timestamp, ...fixed, ...fields };
    write(`${JSON.stringify(line, printable)}\n`);
  };
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

// TF_LOG=json means trace in another form; a word it does not know means trace as well, as for Terraform itself.
function thresholdOf(wanted: string): number {
  if (wanted.toLowerCase() === 'off') return Infinity;
  return Math.max(0, LEVELS.indexOf(wanted.toLowerCase() as LogLevel));
}

const printable = (_name: string, value: unknown): unknown =>
  (typeof value === 'bigint' ? value.toString() : value instanceof Error ? value.stack ?? value.message : value);

/** The log of this process. */
export const log: Log = createLog(process.env, (line) => { process.stderr.write(line); });
