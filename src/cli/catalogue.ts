/**
 * All commands by name, with their one-line summaries. A command's own file is loaded when it is asked for, so that
 * `holdfast version` does not pay for the rest. A new command: a file below `commands/` and a line here.
 */
import type { Command } from './command.ts';

export interface Entry {
  /** `status`, or noun and verb: `volume create`. */
  readonly name: string;
  readonly summary: string;
  /** Not shown in help and documentation. */
  readonly hidden?: boolean;
  load(): Promise<{ readonly default: Command }>;
}

/** Nouns with verbs below them. */
export const GROUPS: Readonly<Record<string, string>> = {
  pool: 'Backing capacity: directories and devices that hold volumes',
  volume: 'What containers mount',
  trash: 'Removed volumes that can still be had back',
  snapshot: 'Point-in-time copies of volumes',
  node: 'Machines that run the daemon',
  cluster: 'The nodes together',
  cert: 'Who may do what: client certificates and their roles',
  operation: 'Changes that take time',
  store: 'The control store',
};

/** Nouns below a noun. */
export const SUBGROUPS: Readonly<Record<string, string>> = {
  'cluster token': 'One-time permissions to join, or to get a client certificate',
};

export const CATALOGUE: readonly Entry[] = [
  { name: 'status', summary: 'How it is going, on one screen', load: () => import('./commands/status.ts') },
  { name: 'capacity', summary: 'What there is, what is promised, what is left', load: () => import('./commands/capacity.ts') },
  { name: 'events', summary: 'What happened, oldest first', load: () => import('./commands/events.ts') },

  { name: 'pool create', summary: 'Make a pool of a directory or of devices', load: () => import('./commands/pool-create.ts') },
  { name: 'pool list', summary: 'List pools', load: () => import('./commands/pool-list.ts') },
  { name: 'pool inspect', summary: 'Show one pool in full', load: () => import('./commands/pool-inspect.ts') },
  { name: 'pool update', summary: 'Change class, overcommit or labels of a pool', load: () => import('./commands/pool-update.ts') },
  { name: 'pool grow', summary: 'Take in what devices have grown by, or more devices', load: () => import('./commands/pool-grow.ts') },
  { name: 'pool remove', summary: 'Let go of a pool; deletes no file', load: () => import('./commands/pool-remove.ts') },
  { name: 'pool wipe', summary: 'Delete for good what a removed pool left', load: () => import('./commands/pool-wipe.ts') },

  { name: 'volume create', summary: 'Make a volume, from a name or from an in-line spec', load: () => import('./commands/volume-create.ts') },
  { name: 'volume list', summary: 'List volumes', load: () => import('./commands/volume-list.ts') },
  { name: 'volume inspect', summary: 'Show one volume in full', load: () => import('./commands/volume-inspect.ts') },
  { name: 'volume resize', summary: 'Grow a volume, in use or not', load: () => import('./commands/volume-resize.ts') },
  { name: 'volume update', summary: 'Change labels, protection or trash retention of a volume', load: () => import('./commands/volume-update.ts') },
  { name: 'volume recover', summary: 'Take over what a replica knows after the store was set back', load: () => import('./commands/volume-recover.ts') },
  { name: 'volume attach', summary: 'Make the block device of a volume exist', load: () => import('./commands/volume-attach.ts') },
  { name: 'volume detach', summary: 'Remove the block device of a volume', load: () => import('./commands/volume-detach.ts') },
  { name: 'volume mount', summary: 'Mount a volume at a path', load: () => import('./commands/volume-mount.ts') },
  { name: 'volume unmount', summary: 'Unmount a volume from a path', load: () => import('./commands/volume-unmount.ts') },
  { name: 'volume explain', summary: 'Why a volume is where it is', load: () => import('./commands/volume-explain.ts') },
  { name: 'volume remove', summary: 'Put a volume into the trash', load: () => import('./commands/volume-remove.ts') },

  { name: 'trash list', summary: 'List removed volumes', load: () => import('./commands/trash-list.ts') },
  { name: 'trash restore', summary: 'Take a volume back from the trash', load: () => import('./commands/trash-restore.ts') },
  { name: 'trash purge', summary: 'Delete removed volumes for good', load: () => import('./commands/trash-purge.ts') },

  { name: 'snapshot create', summary: 'Take a snapshot of a volume', load: () => import('./commands/snapshot-create.ts') },
  { name: 'snapshot list', summary: 'List snapshots', load: () => import('./commands/snapshot-list.ts') },
  { name: 'snapshot inspect', summary: 'Show one snapshot in full', load: () => import('./commands/snapshot-inspect.ts') },
  { name: 'snapshot restore', summary: 'Put a volume back to a snapshot', load: () => import('./commands/snapshot-restore.ts') },
  { name: 'snapshot clone', summary: 'Make a new volume from a snapshot', load: () => import('./commands/snapshot-clone.ts') },
  { name: 'snapshot remove', summary: 'Delete a snapshot', load: () => import('./commands/snapshot-remove.ts') },

  { name: 'node list', summary: 'List nodes', load: () => import('./commands/node-list.ts') },
  { name: 'node inspect', summary: 'Show one node, and what its kernel and tools offer', load: () => import('./commands/node-inspect.ts') },
  { name: 'node update', summary: 'Change zone, address or labels of a node', load: () => import('./commands/node-update.ts') },
  { name: 'node holdings', summary: 'Show what is on a node', load: () => import('./commands/node-holdings.ts') },
  { name: 'node drain', summary: 'Let a node go empty of work', load: () => import('./commands/node-drain.ts') },
  { name: 'node undrain', summary: 'Let a node take work again', load: () => import('./commands/node-undrain.ts') },
  { name: 'node remove', summary: 'Take a node out of the cluster', load: () => import('./commands/node-remove.ts') },
  { name: 'node converge', summary: 'Make this machine what its node.json says', load: () => import('./commands/node-converge.ts') },
  { name: 'cluster init', summary: 'Begin a cluster on this machine', load: () => import('./commands/cluster-init.ts') },
  { name: 'cluster join', summary: 'Make this machine a node of a cluster', load: () => import('./commands/cluster-join.ts') },
  { name: 'cluster status', summary: 'How the cluster stands, on one screen', load: () => import('./commands/cluster-status.ts') },

  { name: 'cluster token create', summary: 'Make a join token', load: () => import('./commands/cluster-token-create.ts') },
  { name: 'cluster token list', summary: 'List join tokens', load: () => import('./commands/cluster-token-list.ts') },
  { name: 'cluster token remove', summary: 'Withdraw a join token', load: () => import('./commands/cluster-token-remove.ts') },

  { name: 'cert request', summary: 'Make a key and a certificate request', load: () => import('./commands/cert-request.ts') },
  { name: 'cert sign', summary: 'Sign a client\'s certificate', load: () => import('./commands/cert-sign.ts') },
  { name: 'cert redeem', summary: 'Get a client certificate for a token', load: () => import('./commands/cert-redeem.ts') },
  { name: 'cert list', summary: 'List certificates', load: () => import('./commands/cert-list.ts') },
  { name: 'cert rotate', summary: 'Replace one\'s own certificate and key by new ones', load: () => import('./commands/cert-rotate.ts') },
  { name: 'cert revoke', summary: 'Make a certificate worthless', load: () => import('./commands/cert-revoke.ts') },
  { name: 'audit', summary: 'Who changed what, newest first', load: () => import('./commands/audit.ts') },

  { name: 'operation list', summary: 'List operations, newest first', load: () => import('./commands/operation-list.ts') },
  { name: 'operation inspect', summary: 'Show one operation in full', load: () => import('./commands/operation-inspect.ts') },
  { name: 'operation watch', summary: 'Wait for the end of an operation', load: () => import('./commands/operation-watch.ts') },
  { name: 'operation cancel', summary: 'Ask an operation to stop and undo', load: () => import('./commands/operation-cancel.ts') },

  { name: 'store check', summary: 'Check the control store for faults', load: () => import('./commands/store-check.ts') },
  { name: 'support-bundle', summary: 'Collect what helps to find a fault, without secrets', load: () => import('./commands/support-bundle.ts') },
  { name: 'version', summary: 'Versions of this command and of the daemon', load: () => import('./commands/version.ts') },
  { name: 'completion', summary: 'Print the completion script of a shell', load: () => import('./commands/completion.ts') },
  { name: '__complete', summary: 'Candidates for the shell', hidden: true, load: () => import('./commands/complete.ts') },
];
