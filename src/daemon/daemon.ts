/**
 * The composition root: opens the store, builds control over this machine's data plane, serves the surfaces. Tests
 * start the same daemon in their own process. Stopping it never touches what is mounted.
 */
import { mkdirSync } from 'node:fs';
import { createDockerDriver } from '../api/docker/driver.ts';
import { createHttpApi } from '../api/http/http-api.ts';
import { createControl, type ControlPlane } from '../control/create-control.ts';
import type { Log } from '../control/ports/system.ts';
import { VERSION } from '../model/version.ts';
import { createDataPlane } from '../node/data-plane.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { Config } from './config.ts';
import { pathsBelow } from './paths.ts';
import { systemClock, systemRandom } from './system.ts';

export interface Daemon {
  readonly control: ControlPlane;
  /** Ends the surfaces, stops operations at safe points, closes the store. */
  stop(): Promise<void>;
}

/** @throws HoldfastError when another daemon has the state directory, the store is damaged, or a socket cannot be had. */
export async function startDaemon(config: Config, log: Log): Promise<Daemon> {
  const paths = pathsBelow(config.root);
  mkdirSync(paths.state, { recursive: true, mode: 0o711 });
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of undo.splice(0).reverse()) await close().catch((error: unknown) => log.error({ err: String(error) }, 'closing failed'));
  };
  try {
    const store = await openSqliteStore({ path: paths.store, clock: systemClock, log, holder: 'holdfastd' });
    undo.push(() => store.close());
    const dataPlane = createDataPlane({ root: config.root, log, clock: systemClock });
    const control = await createControl({ store, dataPlane, clock: systemClock, random: systemRandom, log }, { node_name: config.node_name, interval_ms: config.reconcile_interval_ms, consumer_grace_ms: config.consumer_grace_ms });
    undo.push(() => control.stop());
    await control.start();
    const api = createHttpApi({ control, log, version: VERSION });
    await api.listen({ socketPath: config.socket });
    undo.push(() => api.close());
    if (config.plugin_socket !== null) {
      const driver = createDockerDriver({ control, log, scope: 'local' });
      await driver.listen(config.plugin_socket);
      undo.push(() => driver.close());
    }
    log.info({ root: config.root, socket: config.socket, plugin_socket: config.plugin_socket, version: VERSION }, 'holdfastd is ready');
    return { control, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
