/**
 * Control narrowed to what a role may: whoever is handed the result cannot reach the rest, because it is not there. For
 * surfaces that serve one role only, such as the socket of a scheduler's plug-in.
 */
import type { ClusterControl } from './cluster-control.ts';
import type { Control } from './control.ts';

export const PLUGIN_MAY = [
  'cluster', 'listVolumes', 'getVolume', 'explainVolume', 'listSnapshots', 'getSnapshot', 'listPools', 'getPool', 'listNodes', 'getNode', 'nodeHoldings',
  'listOperations', 'getOperation', 'waitOperation',
  'createVolume', 'ensureVolume', 'publishVolume', 'unpublishVolume', 'attachVolume', 'detachVolume', 'removeVolume', 'createSnapshot', 'removeSnapshot',
] as const satisfies readonly (keyof ClusterControl)[];

/** What the role `plugin` may do. */
export type PluginControl = Pick<ClusterControl, Exclude<(typeof PLUGIN_MAY)[number], 'nodeHoldings'>> & Partial<Pick<ClusterControl, 'nodeHoldings'>>;

/** @param role the only one that is narrowed to so far. */
export function restrict(control: Control & Partial<ClusterControl>, _role: 'plugin'): PluginControl {
  const narrow = Object.create(null) as Record<string, unknown>;
  for (const method of PLUGIN_MAY) {
    const act = (control as unknown as Record<string, unknown>)[method];
    if (typeof act === 'function') narrow[method] = (...args: unknown[]) => (act as (...of: unknown[]) => unknown).apply(control, args);
  }
  return Object.freeze(narrow) as unknown as PluginControl;
}
