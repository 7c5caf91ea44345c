/** `terraform-provider-holdfast`: the only place of the provider that reads the environment. */
import { serveProvider } from './framework/index.ts';
import { createProvider } from './provider.ts';

const endpoint = process.env['HOLDFAST_ENDPOINT'];
void serveProvider(createProvider({ endpoint: endpoint === '' ? undefined : endpoint }));
