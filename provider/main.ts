/** `terraform-provider-holdfast`: the only place of the provider that reads the environment. */
import { serveProvider } from './framework/index.ts';
import { createProvider } from './provider.ts';

const given = (name: string): string | undefined => process.env[name] || undefined;
void serveProvider(createProvider({
  endpoint: given('HOLDFAST_ENDPOINT'), caFile: given('HOLDFAST_CA_FILE'), certificateFile: given('HOLDFAST_CERT_FILE'), keyFile: given('HOLDFAST_KEY_FILE'), clientKey: given('HOLDFAST_CLIENT_KEY'),
  agent: given('SSH_AUTH_SOCK'), passphrase: given('HOLDFAST_SSH_PASSPHRASE'), sudoPassword: given('HOLDFAST_SSH_SUDO_PASSWORD'), home: given('HOME'),
}));
