/** One shell, as a person has it open: commands typed one after another, each with its output and exit code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Shell {
  /** Types the command and waits until it is over. Both outputs are one, as on a terminal. */
  type(command: string): Promise<{ readonly output: string; readonly code: number }>;
  /** Ends the shell and everything that was started in it. */
  end(): Promise<void>;
}

/** @param cwd where it is opened. */
export function openShell(cwd: string, env: NodeJS.ProcessEnv): Shell {
  // Its own process group, so that what it leaves in the background can be ended with it.
  const bash = spawn('bash', ['--noprofile', '--norc'], { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  let heard = '';
  let wake: () => void = () => undefined;
  bash.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    wake();
  });
  bash.on('exit', () => { wake(); });
  bash.stdin.on('error', () => undefined);
  bash.stdin.write('exec 2>&1\n');
  const mark = '--- the end of it:';

  return {
    async type(command) {
      heard = '';
      bash.stdin.write(`{\n${command}\n} </dev/null\nprintf '\\n%s %s\\n' '${mark}' "$?"\n`);
      for (;;) {
        const end = new RegExp(`\\n${mark} (\\d+)\\n`).exec(heard);
        if (end !== null) return { output: heard.slice(0, end.index), code: Number(end[1]) };
        if (bash.exitCode !== null) throw new Error(`the shell ended at: ${command}\n${heard}`);
        await new Promise<void>((resolve) => { wake = resolve; });
      }
    },
    async end() {
      const over = bash.exitCode === null && bash.signalCode === null ? once(bash, 'exit') : null;
      try {
        process.kill(-(bash.pid ?? 0), 'SIGTERM');
        // bash itself may ignore it while it waits for input.
        bash.stdin.end();
      } catch { /* nothing of it is left */ }
      await over;
    },
  };
}
