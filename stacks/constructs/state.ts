// Where a stack's state is kept when it is not a local file: an S3 bucket, guarded by a lock file in the same bucket.
import { S3Backend, type TerraformStack } from '../cdktf.ts';
import type { S3State } from '../settings.ts';

/** Keeps the state of a stack in a bucket, one object per stack, locked while it is written. */
export function keepStateInS3(stack: TerraformStack, { bucket, region, prefix = 'holdfast' }: S3State): void {
  new S3Backend(stack, { bucket, region, key: `${prefix}/${stack.node.id}.tfstate`, encrypt: true });
  // Newer than the library knows; without it two deploys could write the state at once.
  stack.addOverride('terraform.backend.s3.use_lockfile', true);
}
