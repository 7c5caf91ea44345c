/** `holdfast cert rotate`. */
import { X509Certificate } from 'node:crypto';
import { HoldfastError } from '../../model/errors.ts';
import { keyFits } from '../../security/pki.ts';
import { makeKeyAndRequest } from '../../security/request.ts';
import { command } from '../command.ts';
import { formatMoment } from '../format.ts';
import { needFile, readIfThere, writeWhole } from '../key-files.ts';

const HINT = 'For example: holdfast --endpoint https://10.77.0.11:7480 --ca ca.crt --cert alice.crt --key alice.key cert rotate';

export default command({
  details: 'Makes a new key, gets a certificate for it under the name and role of the one that --cert shows, and puts both in place of the files of --cert and --key. The old certificate is valid until it ends: revoke it (cert revoke) where its key may be known to others.',
  examples: [['cert rotate', 'With the files that HOLDFAST_CA_FILE, HOLDFAST_CERT_FILE and HOLDFAST_KEY_FILE name']],
  async run({ host, out, client, credentials, clientWith }) {
    const { ca, cert, key } = credentials;
    for (const [file, option] of [[ca, '--ca'], [cert, '--cert'], [key, '--key']] as const) {
      if (file === undefined) throw new HoldfastError('invalid_argument', `${option} is missing`, { field: option, hint: HINT });
      if (file.includes('-----BEGIN ')) throw new HoldfastError('invalid_argument', `${option}: only files can be replaced`, { field: option, hint: HINT });
    }
    const [certFile, keyFile] = [cert ?? '', key ?? ''];
    const { name, before } = await current(certFile, keyFile);
    const made = await makeKeyAndRequest(name, (await readIfThere(`${keyFile}.new`)) ?? undefined);
    // Kept beside first: of a run that was interrupted nothing is lost but time.
    await writeWhole(`${keyFile}.new`, made.key, 0o600);
    const asked = before === 'whole' ? client : clientWith({ ca, cert: certFile, key: `${keyFile}.new` });
    const renewed = await asked.certificates.renew({ csr: made.csr });
    await writeWhole(certFile, renewed.certificate, 0o644);
    await writeWhole(keyFile, made.key, 0o600);
    const { rm } = await import('node:fs/promises');
    await rm(`${keyFile}.new`, { force: true });
    const end = new X509Certificate(renewed.certificate).validToDate.toISOString();
    await out.changed({ name, cert: certFile, key: keyFile, not_after: end }, `the certificate of ${name} is renewed: valid until ${formatMoment(end, host.now())}`);
  },
});

/** `half`: an earlier run replaced the certificate, and its new key still lies beside. */
async function current(certFile: string, keyFile: string): Promise<{ readonly name: string; readonly before: 'whole' | 'half' }> {
  const [text, key, beside] = await Promise.all([needFile(certFile, '--cert'), needFile(keyFile, '--key'), readIfThere(`${keyFile}.new`)]);
  const name = /CN=([^\n]+)/.exec(new X509Certificate(text).subject)?.[1] ?? '';
  if (keyFits(text, key)) return { name, before: 'whole' };
  if (beside !== null && keyFits(text, beside)) return { name, before: 'half' };
  throw new HoldfastError('invalid_argument', 'the certificate and the key do not belong together', { object: `file ${certFile}`, field: '--key', hint: HINT });
}
