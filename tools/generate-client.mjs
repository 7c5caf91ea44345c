// Writes docs/reference/openapi.json from the schemas that validate, and src/client/generated/schema.ts from that.
// With --check: writes nothing, exits 1 when one of them is not current. It serves nothing and touches no store.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { createHttpApi } from '../src/api/http/http-api.ts';
import { VERSION } from '../src/model/version.ts';

const top = path.dirname(import.meta.dirname);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const api = createHttpApi({ control: {}, log: quiet, version: VERSION });
const document = await api.openapi();
await api.close();

const banner = '/**\n * The REST API as types, written by tools/generate-client.mjs from docs/reference/openapi.json. Not edited by hand.\n */\n';
const files = {
  'docs/reference/openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  'src/client/generated/schema.ts': banner + astToString(await openapiTypescript(structuredClone(document), { defaultNonNullable: false })),
};

const check = process.argv.includes('--check');
for (const [name, text] of Object.entries(files)) {
  const file = path.join(top, name);
  let there = '';
  try { there = readFileSync(file, 'utf8'); } catch { /* not written yet */ }
  if (there === text) continue;
  if (check) {
    console.error(`${name} is not current: run node tools/generate-client.mjs`);
    process.exitCode = 1;
    continue;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`${name} written`);
}
