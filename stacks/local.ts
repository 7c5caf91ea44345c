// The stack of one machine: a pool, two volumes in it, and the snapshots that are asked for. It is what `make demo`
// deploys, and a place to begin from; what differs from machine to machine comes from cdktf.json (`local`).
import { TerraformOutput, TerraformStack, type Construct } from './cdktf.ts';
import { given } from './constructs/given.ts';
import { Pool } from './constructs/pool.ts';
import { Holdfast } from './constructs/provider.ts';
import { Retention } from './constructs/retention.ts';
import { Size } from './constructs/size.ts';
import type { LocalSettings } from './settings.ts';

export class LocalStack extends TerraformStack {
  constructor(scope: Construct, id: string, settings: LocalSettings) {
    super(scope, id);
    // What a cut-off deploy began is taken up by the next one only where it is known to be its own.
    new Holdfast(this, 'holdfast', given({ endpoint: settings.endpoint, owner: `stack-${id}` }));

    const pool = settings.devices === undefined
      ? Pool.directory(this, 'local', { path: settings.path })
      : Pool.devices(this, 'local', { devices: settings.devices });

    // This stack is there to be tried and thrown away: `destroy` may take the data with it, at once. A stack whose
    // data matters leaves both lines out: then destroying is refused, and what is destroyed can be restored for 7 days.
    const disposable = { deletionProtection: false, trashRetention: Retention.none() };

    const web = pool.volume('web', { size: Size.gibibytes(settings.webGibibytes), labels: { app: 'web' }, ...disposable });
    const notes = pool.volume('notes', { size: Size.mebibytes(256), filesystem: 'ext4', ...disposable });
    for (const name of settings.snapshots) web.snapshot(name);

    new TerraformOutput(this, 'web_mount', { value: web.mountedAt('/data') });
    new TerraformOutput(this, 'web_bytes', { value: web.sizeBytes });
    new TerraformOutput(this, 'notes_mount', { value: notes.mountedAt('/data') });
  }
}
