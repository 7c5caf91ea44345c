/** Types of `build-provider.mjs` for the tests that build a provider. */
export interface BuildOptions { main?: string; out?: string; name?: string; namespace?: string; version?: string; minor?: number; platforms?: readonly string[] }
export interface BuiltProvider { readonly version: string; readonly mirror: string; readonly terraformrc: string; readonly bundle: string }
export function hostPlatform(): string;
export function buildProvider(options?: BuildOptions): Promise<BuiltProvider>;
