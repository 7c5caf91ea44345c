/**
 * What a provider tells the user: errors and warnings, each with a constant summary (Terraform groups equal ones), a
 * detail that says what to do, and the attribute it is about. Also the error that resource code throws.
 */
import { SEVERITY, type AttributePath, type Diagnostic } from '../protocol/tfplugin6.ts';

/**
 * The way to an attribute: a name, a list index, `{ key }` of a map, or `'*'` for an element of a set.
 * `['disks', 0, 'size']`, `['labels', { key: 'team' }]`, `['rules', '*', 'port']`.
 */
export type Path = readonly (string | number | { readonly key: string })[];

/** What a thrown error says to the user. */
export interface Problem {
  /** Constant text; names and numbers belong in `detail`. */
  readonly summary: string;
  readonly detail: string;
  readonly path?: Path | undefined;
}

/** Throw it to fail an operation with one clear message, on the attribute that is the cause. */
export class ProviderError extends Error implements Problem {
  readonly summary: string;
  readonly detail: string;
  readonly path: Path | undefined;
  constructor(summary: string, detail: string, path?: Path) {
    super(`${summary}: ${detail}`);
    this.name = 'ProviderError';
    this.summary = summary;
    this.detail = detail;
    this.path = path;
  }
}

/** Collects what one call says. */
export class Diagnostics {
  readonly #items: { readonly severity: number; readonly problem: Problem }[] = [];

  // Properties, so that definitions may take them apart: `({ error, warn }) => …`.
  readonly error = (summary: string, detail: string, path?: Path): void => { this.#items.push({ severity: SEVERITY.error, problem: { summary, detail, path } }); };

  /** A warning equal to an earlier one is dropped. */
  readonly warn = (summary: string, detail: string, path?: Path): void => {
    const item = { severity: SEVERITY.warning, problem: { summary, detail, path } };
    if (!this.#items.some((one) => JSON.stringify(one) === JSON.stringify(item))) this.#items.push(item);
  };

  get failed(): boolean { return this.#items.some(({ severity }) => severity === SEVERITY.error); }

  toWire(): Diagnostic[] {
    return this.#items.map(({ severity, problem: { summary, detail, path } }) => ({
      severity, summary, detail, ...(path !== undefined && path.length > 0 ? { attribute: pathToWire(path) } : {}),
    }));
  }
}

/** Elements of a set have no address: a path into one ends at the set. */
export function pathToWire(path: Path): AttributePath {
  const set = path.indexOf('*');
  return { steps: (set === -1 ? path : path.slice(0, set)).map((step) => (typeof step === 'string' ? { attribute: step } : typeof step === 'number' ? { index: step } : { key: step.key })) };
}

/** `disks[0].size`, `labels["team"]`, `rules[*].port`. */
export function formatPath(path: Path): string {
  return path.map((step, at) => {
    if (typeof step === 'object') return `[${JSON.stringify(step.key)}]`;
    return typeof step === 'number' || step === '*' ? `[${step}]` : at === 0 ? step : `.${step}`;
  }).join('');
}
