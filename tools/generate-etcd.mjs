// Writes src/store/etcd/generated from src/store/etcd/proto: TypeScript for the messages and services of etcd that the
// store speaks, by Debian's protoc (protobuf-compiler) and ts-proto. Run it after a change of the .proto files and commit what it writes. `--check` only compares.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const top = path.dirname(import.meta.dirname);
const bin = (name) => path.join(top, 'node_modules/.bin', name);
const target = path.join(top, 'src/store/etcd/generated');
const options = ['outputServices=grpc-js', 'env=node', 'esModuleInterop=true', 'importSuffix=.ts', 'forceLong=bigint', 'oneof=unions', 'enumsAsLiterals=true', 'outputJsonMethods=false', 'useOptionals=none', 'snakeToCamel=false', 'unrecognizedEnum=false', 'useNullAsOptional=false', 'annotateFilesWithVersion=false', 'useExactTypes=false'];

const work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-generate-'));
try {
  cpSync(path.join(top, 'src/store/etcd/proto'), path.join(work, 'proto'), { recursive: true });
  mkdirSync(path.join(work, 'generated'));
  const protos = readdirSync(path.join(work, 'proto'), { recursive: true }).filter((name) => name.endsWith('.proto'));
  const { status, error } = spawnSync('protoc', [`--plugin=${bin('protoc-gen-ts_proto')}`, '-I', 'proto', '--ts_proto_out=generated', `--ts_proto_opt=${options.join(',')}`, ...protos], { cwd: work, stdio: 'inherit' });
  if (error !== undefined) console.error('protoc is missing: apt-get install protobuf-compiler');
  if (status !== 0) process.exit(1);
  const made = path.join(work, 'generated');
  const wrong = readdirSync(made).filter((name) => {
    const text = readFileSync(path.join(made, name), 'utf8');
    let before = '';
    try {
      before = readFileSync(path.join(target, name), 'utf8');
    } catch {
      // Not there yet.
    }
    if (before === text) return false;
    if (!process.argv.includes('--check')) writeFileSync(path.join(target, name), text);
    return true;
  });
  if (process.argv.includes('--check') && wrong.length > 0) {
    console.error(`src/store/etcd/generated is not what its .proto files say (${wrong.join(', ')}): run node tools/generate-etcd.mjs`);
    process.exit(1);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
