// A node of the namespace lab can run a Docker Engine of its own.
import { expect, test } from '@jest/globals';
import { createLab } from '../../lab/netns/lab.ts';
import { describeIf, dockerEngine, namespaceLab } from '../../lab/needs.ts';

describeIf([namespaceLab, dockerEngine], 'a lab node with a Docker Engine', () => {
  test('runs containers, keeps them over a boot, and is gone with them afterwards', async () => {
    const lab = await createLab({ nodes: 1, docker: true });
    try {
      const n1 = lab.node('n1');
      expect(await n1.must('docker run --rm --network none holdfast-test/busybox echo hello')).toBe('hello');
      await n1.must('docker create --name kept --network none holdfast-test/busybox true');
      await n1.kill();
      await n1.boot();
      expect(await n1.must("docker ps --all --format '{{.Names}}'")).toBe('kept');
    } finally {
      await lab.dispose();
    }
  });
});
