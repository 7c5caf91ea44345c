/** `holdfast cert revoke`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { serial: argument('SERIAL', 'Serial number of the certificate, as cert list shows it.') },
  details: 'Every node refuses it from then on and cuts the connections that showed it.',
  examples: [['cert revoke 01a205854f73e74e64d4d44f47df8670', 'A key was lost']],
  async run({ out, client }, { serial }) {
    const certificate = await client.certificates.revoke(serial.toLowerCase().replaceAll(':', ''));
    await out.changed(certificate, `certificate ${certificate.serial} of ${certificate.kind} ${certificate.name} is revoked`);
  },
});
