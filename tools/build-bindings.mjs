// Makes the CDKTF bindings of our own provider: asks the built provider for its schema through Terraform or OpenTofu,
// has @cdktf/provider-generator write the classes, and compiles them into an npm package, stacks/.gen/holdfast.
// Does nothing when neither the provider nor this file has changed. (`cdktf get` is not used: it fails under OpenTofu.)
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { providerSchema, source } from './provider-schema.mjs';

const top = path.dirname(import.meta.dirname);
const target = path.join(top, 'stacks/.gen/holdfast');

/** What the bindings are made from, in one word. */
function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const mirror = path.join(top, 'dist/mirror/registry.terraform.io', source);
  for (const file of readdirSync(mirror, { recursive: true }).filter((name) => name.endsWith('provider.cjs')).sort()) {
    hash.update(readFileSync(path.join(mirror, file)));
  }
  return hash.update(readFileSync(path.join(top, 'package-lock.json'))).digest('hex');
}

async function generate(schema, work) {
  // Loaded only when there is something to do: they take seconds to load.
  process.env.TF_CLI_CONFIG_FILE = path.join(top, 'dist/terraformrc'); // the library asks Terraform for its version while it loads
  // The package's own entry also loads jsii-pacmak, for languages that are not ours; so its generator is taken alone.
  const { TerraformProviderGenerator } = (await import('@cdktf/provider-generator/lib/get/generator/provider-generator.js')).default;
  const { CodeMaker } = (await import('codemaker')).default;
  const { default: ts } = await import('typescript');
  const { ConstructsMakerProviderTarget, LANGUAGES, TerraformProviderConstraint } = (await import('@cdktf/commons')).default;
  const code = new CodeMaker();
  const constraint = new TerraformProviderConstraint({ name: 'holdfast', source, version: '~> 0.1' }); // the cdktf command line insists on one
  new TerraformProviderGenerator(code, schema).generate(new ConstructsMakerProviderTarget(constraint, LANGUAGES[0]));
  await code.save(work);
  const root = path.join(work, 'providers/holdfast');
  const sources = readdirSync(root, { recursive: true }).filter((file) => file.endsWith('.ts')).map((file) => path.join(root, file));
  writeFileSync(path.join(root, 'package.json'), `${JSON.stringify({
    name: '@holdfast/cdktf-provider-holdfast', version: '0.1.0', license: 'Apache-2.0', type: 'commonjs',
    description: 'CDKTF bindings of the Terraform provider holdfast/holdfast', main: 'index.js', types: 'index.d.ts',
    peerDependencies: { cdktf: '^0.21.0', constructs: '~10.7' },
  }, null, 2)}\n`);
  const program = ts.createProgram(sources, {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
    declaration: true, skipLibCheck: true, types: ['node'], typeRoots: [path.join(top, 'node_modules/@types')], rootDir: root,
  });
  const { diagnostics } = program.emit();
  const wrong = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (wrong.length > 0) throw new Error(ts.formatDiagnostics(wrong, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => top, getNewLine: () => '\n' }));
  for (const file of sources) rmSync(file);
  return root;
}

const stamp = path.join(target, 'made-from');
const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  // Below stacks/.gen, so that the generated imports find cdktf and constructs while they are compiled.
  mkdirSync(path.dirname(target), { recursive: true });
  const work = mkdtempSync(path.join(path.dirname(target), '.new-'));
  try {
    const made = await generate(providerSchema(), work);
    writeFileSync(path.join(made, 'made-from'), wanted);
    rmSync(target, { recursive: true, force: true });
    renameSync(made, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
