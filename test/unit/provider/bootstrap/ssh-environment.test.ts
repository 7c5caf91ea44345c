/** What the system's ssh is told of the provider's environment. */
import { expect, test } from '@jest/globals';
import { handedOn } from '../../../../provider/bootstrap/over-openssh.ts';

test('ssh and its ProxyCommand get the environment, but no key, token or password of Holdfast', () => {
  expect(handedOn({ PATH: '/usr/bin', AWS_PROFILE: 'ops', HOLDFAST_CLIENT_KEY: 'k', HOLDFAST_JOIN_TOKEN: 't', HOLDFAST_SSH_SUDO_PASSWORD: 'p' })).toEqual({ PATH: '/usr/bin', AWS_PROFILE: 'ops' });
});
