/** A pretend cloud for the sample provider: one JSON file per object, so that tests make drift by editing files. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Thing {
  readonly id: string; readonly name: string; readonly region: string; readonly size: number; readonly revision: number;
  readonly [more: string]: unknown;
}

export class Cloud {
  readonly #directory: string;
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  all(): Thing[] { return readdirSync(this.#directory).map((file) => JSON.parse(readFileSync(join(this.#directory, file), 'utf8')) as Thing); }
  get(id: string): Thing | undefined { return existsSync(this.#file(id)) ? JSON.parse(readFileSync(this.#file(id), 'utf8')) as Thing : undefined; }
  put(thing: Omit<Thing, 'id'> & { readonly id?: string }): Thing {
    const whole = { ...thing, id: thing.id ?? randomUUID() } as Thing;
    writeFileSync(this.#file(whole.id), JSON.stringify(whole));
    return whole;
  }
  remove(id: string): void { rmSync(this.#file(id), { force: true }); }

  #file(id: string): string { return join(this.#directory, `${id.replaceAll(/[^\w-]/g, '_')}.json`); }
}
