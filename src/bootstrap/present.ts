/** Settings of holdfastd.json that somebody made and that converge does not derive: a command without node.json keeps them. */
import { readIfThere } from './files.ts';
import { DERIVED_SETTINGS } from './node-file.ts';
import { placesBelow } from './places.ts';
import { parseSettings } from './settings.ts';

export async function presentDaemonSettings(root: string): Promise<Readonly<Record<string, unknown>>> {
  const settings = parseSettings(await readIfThere(placesBelow(root).config) ?? '{}') ?? {};
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !DERIVED_SETTINGS.includes(key)));
}
