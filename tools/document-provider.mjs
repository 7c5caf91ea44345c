// Writes docs/reference/terraform: the pages of the provider for a registry, from its definitions. `make docs` runs it;
// a unit test fails when the pages are not what it would write. Nothing in there is edited by hand.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { documentProvider } from '../provider/framework/document.ts';
import { createProvider } from '../provider/provider.ts';

const target = path.join(import.meta.dirname, '../docs/reference/terraform');
rmSync(target, { recursive: true, force: true });
for (const page of documentProvider(createProvider())) {
  const file = path.join(target, page.path);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, page.text);
}
