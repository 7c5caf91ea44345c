/** A run told to a person: what was planned, what went wrong, and of the trace what has to do with it. */
import type { Fault, Plan } from './plan.ts';
import type { Outcome } from './world.ts';

const REQUEST = /: (?:read|write|flush) \d+(?: of blocks (\d+) to (\d+))?/;

/** @param all every request, too, and not only those of the blocks that went wrong. */
export function tellStory(plan: Plan, { trace, wrong }: Outcome, all = false): string {
  const blocks = new Set(wrong.flatMap((one) => [...one.matchAll(/block (\d+)/g)].map((match) => Number(match[1]))));
  const matters = (line: string): boolean => {
    const request = REQUEST.exec(line);
    if (request === null || all) return true;
    if (request[1] === undefined) return false;
    return [...blocks].some((block) => block >= Number(request[1]) && block <= Number(request[2]));
  };
  const told = trace.filter(matters).filter((line, index, lines) => all || !(line.includes('attach failed') && lines[index - 1]?.slice(8) === line.slice(8)));
  const { faults, media, ...size } = plan;
  return [
    `plan: ${Object.entries(size).map(([key, value]) => `${key} ${String(value)}`).join(', ')}, media ${JSON.stringify(media)}`,
    ...faults.map((fault) => `  ${faultText(fault)}`), '', ...told, '', ...(wrong.length > 0 ? ['WRONG:', ...wrong.slice(0, 5).map((one) => `  ${one}`)] : ['nothing went wrong']),
  ].join('\n');
}

function faultText({ at, on, kind, ...details }: Fault): string {
  const when = on === undefined ? `at ${(at / 1000).toFixed(3)} s` : `${at} ms after ${on.what} number ${on.n} since ${(on.since / 1000).toFixed(1)} s`;
  return `${when}: ${kind} ${Object.entries(details).map(([key, value]) => `${key} ${String(value)}`).join(', ')}`;
}
