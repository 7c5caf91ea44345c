/**
 * One who writes to a mounted volume and must notice nothing: a line every 20 ms, each synced, until told to stop. It keeps
 * the longest pause between two lines that were on the medium, and the first error.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LabNode } from '../../lab/netns/lab.ts';

/** Runs in the node. A line on its input is answered by what happened since the last one; the end of its input ends it. */
const PROGRAM = `
import { openSync, writeSync, fdatasyncSync } from 'node:fs';
const fd = openSync(process.argv[2], 'a');
let [line, last, longest, error] = [0, performance.now(), 0, ''];
setInterval(() => {
  if (error !== '') return;
  try { writeSync(fd, (line + 1) + '\\n'); fdatasyncSync(fd); line += 1; } catch (thrown) { error = thrown.message; }
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}, 20);
process.stdin.on('data', () => { process.stdout.write(JSON.stringify({ lines: line, longest_gap_ms: Math.round(longest), error }) + '\\n'); longest = 0; });
process.stdin.on('end', () => process.exit(0));
`;

export interface WriterReport {
  readonly lines: number;
  readonly longest_gap_ms: number;
  /** The first error of a write; "" when there was none. */
  readonly error: string;
}

export interface Writer {
  /** What happened since the last report. */
  report(): Promise<WriterReport>;
  /** Ends it, and gives every line that is in the file. */
  stop(): Promise<readonly string[]>;
}

export async function startWriter(node: LabNode, file: string): Promise<Writer> {
  await node.put('/run/writer.mjs', PROGRAM);
  const child = node.spawn(['node', '/run/writer.mjs', file]);
  const answers: ((line: string) => void)[] = [];
  let [rest, said] = ['', ''];
  child.stderr?.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) answers.shift()?.(line);
  });
  const ended = new Promise<void>((resolve) => { child.once('close', () => resolve()); });
  const report: Writer['report'] = async () => {
    const answer = new Promise<string>((resolve) => { answers.push(resolve); });
    child.stdin?.write('\n');
    const line = await Promise.race([answer, ended.then(() => { throw new Error(`the writer ended: ${said}`); })]);
    return JSON.parse(line) as WriterReport;
  };
  while ((await report()).lines === 0) await pause(20);
  return {
    report,
    async stop() {
      child.stdin?.end();
      await ended;
      return (await node.read(file)).trimEnd().split('\n');
    },
  };
}
