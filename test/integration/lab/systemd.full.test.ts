// The machine with systemd, on which the packages are tried: that it is a real one. Takes about a minute.
import { expect, test } from '@jest/globals';
import { createUml } from '../../lab/uml/uml.ts';
import { describeIf, userModeLinux } from '../../lab/needs.ts';

describeIf(userModeLinux, 'a User-Mode Linux node with systemd', () => {
  test('boots without a failed unit, and starts a service that it installed again after a power cut', async () => {
    const u1 = await createUml({ mirror: true });
    try {
      expect(await u1.must('cat /proc/1/comm; systemctl is-system-running')).toBe('systemd\nrunning');
      await u1.must('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y etcd-server && systemctl is-active etcd && sync', { timeoutMs: 600_000 });
      await u1.kill();
      await u1.boot();
      expect(await u1.must('systemctl is-active etcd')).toBe('active');
    } finally {
      await u1.dispose();
    }
  }, 1_500_000);

  test('shares a network with nodes of the namespace lab, and is cut off like them', async () => {
    const { createLab } = await import('../../lab/netns/lab.ts');
    const lab = await createLab({ nodes: 1 });
    try {
      const u1 = await createUml({ lab, systemd: false });
      const reach = () => lab.node('n1').exec(['timeout', '5', 'bash', '-c', `</dev/tcp/${u1.address}/22`]);
      expect((await reach()).status).toBe(0);
      await lab.drop('n1', u1.name);
      expect((await reach()).status).not.toBe(0);
      await lab.unite();
      await u1.cut();
      expect((await reach()).status).not.toBe(0);
      await u1.heal();
      expect((await reach()).status).toBe(0);
    } finally {
      await lab.dispose();
    }
  }, 900_000);
});
