/** The one function a provider's main calls. */
import { servePlugin } from '../protocol/serve.ts';
import type { Attributes } from './attribute.ts';
import type { ProviderDefinition } from './definition.ts';
import { createServer } from './server.ts';

/** Serves the provider to the Terraform or OpenTofu that started this process, which ends when they are done. */
export async function serveProvider<A extends Attributes, C>(definition: ProviderDefinition<A, C>): Promise<void> {
  await servePlugin(createServer(definition));
}
