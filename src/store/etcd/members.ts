/**
 * The members of the cluster's own etcd: who they are, adding one as a learner, promoting it, taking one out, always
 * with a healthy majority left; and giving etcd room again. Starts and stops no process.
 */
import type { StoreMember, StoreMembers } from '../../control/ports/store-members.ts';
import { HoldfastError } from '../../model/errors.ts';
import { EtcdConnection, type EtcdConnectionOptions } from './connection.ts';
import { Endpoint, callUnary } from './endpoint.ts';
import { isLearnerBehind, isMemberGone, isNoLearner, isPeerTaken, isTooManyLearners, isUnhealthyCluster } from './failure.ts';
import { ClusterService, MaintenanceService, MemberAddRequest, MemberListRequest, MemberPromoteRequest, MemberRemoveRequest, MoveLeaderRequest, StatusRequest, type Member, type StatusResponse } from './generated/rpc.ts';
import { Metadata } from '@grpc/grpc-js';
import { causeOf } from './reading.ts';
import { relieve } from './room.ts';

export interface EtcdMembersOptions extends EtcdConnectionOptions {
  /** etcd's `quota-backend-bytes`, where etcd does not tell it (before 3.6). Default 2 GiB, as etcd's. */
  readonly quotaBytes?: number;
}

export interface EtcdMembers extends StoreMembers {
  /**
   * After the alarm NOSPACE: forgets history, defragments one member after another, and disarms the alarm if every
   * member has room now. @returns whether anything can be written (true also when there was no alarm)
   */
  makeRoom(): Promise<boolean>;
  close(): Promise<void>;
}

const STATUS_MS = 1_500;
/** Twice what etcd asks for. */
const WELL_MS = 10_000;
const WELL_PAUSE_MS = 500;

export function createEtcdMembers(options: EtcdMembersOptions): EtcdMembers {
  const connection = new EtcdConnection(options);
  const { log } = options;

  const statusOf = async (member: Member): Promise<StatusResponse | null> => {
    const statuses = member.clientURLs.map(async (url) => {
      const endpoint = new Endpoint(url, options.tls);
      try {
        return await callUnary(endpoint.connect(), MaintenanceService.status, StatusRequest.fromPartial({}), STATUS_MS, new Metadata());
      } finally {
        endpoint.close();
      }
    });
    return Promise.any(statuses).catch(() => null);
  };

  /** Without a majority too, each member can tell what it knows. */
  const known = async (): Promise<readonly Member[]> => {
    const request = MemberListRequest.fromPartial({});
    try {
      return (await connection.call(ClusterService.memberList, request, { what: 'list of the members', repeatable: true })).members;
    } catch (thrown) {
      const told = await Promise.any(connection.endpoints.map((endpoint) => connection.ask(endpoint, ClusterService.memberList, request))).catch(() => null);
      if (told === null) throw thrown;
      return told.members;
    }
  };

  const list = async (): Promise<readonly (StoreMember & { readonly leads: boolean })[]> => {
    const members = await known();
    const listed = await Promise.all(
      members.map(async (member) => {
        const status = await statusOf(member);
        // The status is asked of that very member: another one on its address does not count.
        const healthy = status !== null && status.header?.member_id === member.ID && status.leader !== 0n && status.errors.length === 0;
        return { id: hex(member.ID), name: member.name, peer_urls: member.peerURLs, client_urls: member.clientURLs, learner: member.isLearner, healthy, leads: healthy && status.leader === member.ID };
      }),
    );
    return listed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1));
  };

  const initialCluster = (members: readonly Member[], name: string, peerUrl: string): string =>
    members.flatMap((member) => member.peerURLs.map((url) => `${url === peerUrl ? name : member.name === '' ? hex(member.ID) : member.name}=${url}`)).join(',');

  return {
    async list() {
      return (await list()).map(({ leads: _, ...member }) => member);
    },

    async addLearner(name, peerUrl) {
      const object = `node ${name}`;
      for (let round = 1; ; round += 1) {
        const members = await known();
        if (members.some((member) => member.peerURLs.includes(peerUrl))) return { initial_cluster: initialCluster(members, name, peerUrl) };
        const namesake = members.find((member) => member.name === name);
        if (namesake !== undefined) throw new HoldfastError('failed_precondition', `The control store has a member ${name} already, at ${namesake.peerURLs.join(', ')}`, { object, hint: `If that machine is gone for good, remove it first: holdfast node remove ${name}.` });
        try {
          await whenWell(() => connection.call(ClusterService.memberAdd, MemberAddRequest.fromPartial({ peerURLs: [peerUrl], isLearner: true }), { what: `adding of member ${name}`, repeatable: false }));
          log.info({ name, peer_url: peerUrl }, 'a learner was added to the control store');
        } catch (thrown) {
          const cause = causeOf(thrown);
          if (isTooManyLearners(cause)) throw new HoldfastError('failed_precondition', `The control store takes one new member at a time, and another has not caught up yet`, { object, hint: 'Wait until it has, and ask again.' }, { cause: thrown, retryable: true });
          if (isUnhealthyCluster(cause)) throw new HoldfastError('failed_precondition', 'The control store takes no new member while one that it has is not well', { object, hint: 'See that all etcd members run and reach each other.' }, { cause: thrown, retryable: true });
          // Whether it was added after all is seen in the next round.
          const unclear = thrown instanceof HoldfastError && thrown.code === 'unavailable';
          if (!isPeerTaken(cause) && (!unclear || round === 3)) throw thrown;
        }
      }
    },

    async promote(id) {
      try {
        await connection.call(ClusterService.memberPromote, MemberPromoteRequest.fromPartial({ ID: idOf(id) }), { what: `promotion of member ${id}`, repeatable: true });
        log.info({ member: id }, 'a learner of the control store became a voter');
        return true;
      } catch (thrown) {
        const cause = causeOf(thrown);
        if (isNoLearner(cause)) return true;
        if (isLearnerBehind(cause) || isUnhealthyCluster(cause)) return false;
        if (isMemberGone(cause)) throw noMember(id);
        throw thrown;
      }
    },

    async remove(id) {
      const ID = idOf(id);
      const members = await list();
      const leaving = members.find((member) => member.id === hex(ID));
      if (leaving === undefined) return;
      const rest = members.filter((member) => member !== leaving && !member.learner);
      const well = rest.filter((member) => member.healthy);
      const needed = Math.floor(rest.length / 2) + 1;
      if (!leaving.learner && well.length < needed) {
        const ill = rest.filter((member) => !member.healthy).map((member) => member.name || member.id);
        const why = rest.length === 0 ? 'it is the only one' : `of the other ${rest.length}, ${needed} have to be well, and ${ill.length === 0 ? 'none' : ill.join(', ')} ${ill.length === 1 ? 'is' : 'are'} not`;
        throw new HoldfastError('failed_precondition', `Member ${leaving.name || id} cannot leave the control store: ${why}`, { object: `member ${id}`, hint: rest.length === 0 ? 'Let another control node join first.' : 'Bring those back, or let another control node join, and ask again.' });
      }
      const heir = well.find((member) => !member.leads);
      if (leaving.leads && heir !== undefined) await handOver(connection, leaving, idOf(heir.id)).catch((thrown: unknown) => log.debug({ reason: String(thrown) }, 'the leader of the control store did not hand over'));
      try {
        await whenWell(() => connection.call(ClusterService.memberRemove, MemberRemoveRequest.fromPartial({ ID }), { what: `removal of member ${id}`, repeatable: false }));
      } catch (thrown) {
        if (isUnhealthyCluster(causeOf(thrown))) throw new HoldfastError('failed_precondition', `Member ${leaving.name || id} cannot leave the control store: the rest would have no majority`, { object: `member ${id}`, hint: 'See that the other etcd members run and reach each other.' }, { cause: thrown, retryable: true });
        if (isMemberGone(causeOf(thrown))) return;
        // The one that was asked may have gone with it.
        const left = await known();
        if (left.some((member) => member.ID === ID)) throw thrown;
      }
      log.info({ member: id, name: leaving.name }, 'a member left the control store');
    },

    makeRoom: async () => relieve(connection, await known(), options.tls, options.quotaBytes ?? 2 * 2 ** 30, log),

    async close() {
      connection.close();
    },
  };

  /** etcd changes its members only when they have been connected for five seconds: waits for it, a little. */
  async function whenWell<T>(change: () => Promise<T>): Promise<T> {
    for (const end = options.clock.monotonic() + WELL_MS; ; await options.clock.sleep(WELL_PAUSE_MS)) {
      try {
        return await change();
      } catch (thrown) {
        if (!isUnhealthyCluster(causeOf(thrown)) || options.clock.monotonic() >= end || connection.closed) throw thrown;
      }
    }
  }

  /** Asked of the leader itself; sparing the others an election. */
  async function handOver(through: EtcdConnection, leader: StoreMember, targetID: bigint): Promise<void> {
    const endpoint = new Endpoint(leader.client_urls[0] ?? '', options.tls);
    try {
      await callUnary(endpoint.connect(), MaintenanceService.moveLeader, MoveLeaderRequest.fromPartial({ targetID }), through.deadlineMs, new Metadata());
    } finally {
      endpoint.close();
    }
  }
}

const hex = (id: bigint): string => id.toString(16);

const noMember = (id: string): HoldfastError => new HoldfastError('not_found', `The control store has no member ${id}`, { object: `member ${id}`, hint: 'List them: holdfast cluster status.' });

function idOf(id: string): bigint {
  if (!/^[0-9a-f]{1,16}$/.test(id)) throw noMember(id);
  return BigInt(`0x${id}`);
}
