/** Control nodes: which members of the control store are theirs, and whether others of them live. Pure: looks at what it is given. */
import type { Node } from '../../model/node.ts';
import type { StoreMember } from '../ports/store-members.ts';
import type { Members } from './members.ts';

/** By its name; one that has never started has none yet, and is known by its address. */
export function membersOf(node: Pick<Node, 'name' | 'spec'>, members: readonly StoreMember[]): readonly StoreMember[] {
  const host = node.spec.address?.replace(/:\d+$/, '') ?? null;
  return members.filter(({ name, peer_urls }) => name === node.name || (name === '' && host !== null && peer_urls.some((url) => url.startsWith(`https://${host}:`))));
}

/** Control nodes other than this one that take part in the cluster already. */
export const otherControls = (members: Members, id: string): readonly Node[] =>
  members.nodes().filter((node) => node.id !== id && node.spec.roles.includes('control') && node.status.state !== 'joining');

export const otherControlLives = (members: Members, id: string): boolean => otherControls(members, id).some((node) => members.isAlive(node.id));
