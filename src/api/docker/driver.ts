/**
 * The Docker volume driver: a surface of control for `docker volume`, `docker run -v`, Compose and Swarm. The driver's
 * name is that of the socket file (`holdfast.sock` in `/run/docker/plugins`). Puts its two halves together, no more.
 */
import type { Log } from '../../control/ports/system.ts';
import type { Scope } from './messages.ts';
import { createPluginServer, type PluginServer } from './plugin-server.ts';
import { createVolumeCalls, type DockerControl } from './volume-calls.ts';

export type { DockerControl } from './volume-calls.ts';
export type { PluginServer } from './plugin-server.ts';

export interface DockerDriverOptions {
  readonly control: DockerControl;
  readonly log: Log;
  /** `local` on the embedded store, exactly `global` in a cluster. */
  readonly scope: Scope;
  /** Name of this node, for the audit log. */
  readonly node?: string;
  /** How long a call may wait for control, in ms. Default 50,000: Docker gives up after 60 s. */
  readonly answerWithinMs?: number;
}

/** Mounts that Docker forgot (its containers died with it) are not the driver's concern: control collects them. */
export function createDockerDriver({ control, log, scope, node, answerWithinMs = 50_000 }: DockerDriverOptions): PluginServer {
  return createPluginServer(createVolumeCalls({ control, log, scope, ...(node === undefined ? {} : { node }) }), log, answerWithinMs);
}
