// The one place where `cdktf` and `constructs` are imported, so that the stacks can be synthesised by its continuation
// `cdktn` as well. It holds names only: what of the library the stacks use.
export { App, Fn, Lazy, S3Backend, TerraformOutput, TerraformStack, Token } from 'cdktf';
export type { IResolvable, ITerraformDependable, TerraformProvider } from 'cdktf';
export { Construct } from 'constructs';
