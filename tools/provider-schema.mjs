// The schema of the provider that was built, as Terraform or OpenTofu reads it: what the CDKTF bindings are
// made from. It asks the real binary, so that nothing is generated that a user would not get.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const top = path.dirname(import.meta.dirname);

/** The address of our provider, without a registry's name. */
export const source = 'holdfast/holdfast';

/** The output of `providers schema -json`, with our provider alone, under one name whichever binary it was. */
export function providerSchema() {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-schema-'));
  try {
    writeFileSync(path.join(dir, 'main.tf'), `terraform {\n  required_providers {\n    holdfast = { source = "${source}" }\n  }\n}\n`);
    const binary = command(path.join(top, 'tools/need'), ['terraform'], top).trim();
    const env = { ...process.env, TF_CLI_CONFIG_FILE: path.join(top, 'dist/terraformrc'), HOLDFAST_NODE: process.execPath, CHECKPOINT_DISABLE: '1' };
    command(binary, ['init', '-input=false', '-no-color'], dir, env);
    const schema = JSON.parse(command(binary, ['providers', 'schema', '-json'], dir, env));
    const [ours] = Object.entries(schema.provider_schemas).filter(([name]) => name.endsWith(`/${source}`)).map(([, value]) => value);
    if (ours === undefined) throw new Error(`${binary} knows no schema of ${source}`);
    return { ...schema, provider_schemas: { [`registry.terraform.io/${source}`]: ours } };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function command(file, args, cwd, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} failed: ${error?.message ?? ''}${stderr}${stdout}`);
  return stdout;
}
