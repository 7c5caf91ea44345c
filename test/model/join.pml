/*
 * How a replica comes back into the in-sync set of a volume in use, step by step, while its writer may die or be
 * replaced, and while the store answers late.
 *
 * Fine: the sync of the returning replica (connection, copy, "required", fdatasync, compare-and-set), its failure at each
 * of these steps, the compare-and-sets that join and eject (in flight, taken or refused, the answer late, also after the
 * death of who sent it), every delivery of data, and one grant for each node and replica.
 * Coarse: a grant is held or over, and a fence waits until it is over (grants.pml shows that clocks keep this promise);
 * one region, which is always copied whole (bits are in core.pml and members.pml); recovery is one step (core.pml).
 *
 * Begins where node 0 is the writer, and the last replica is not in sync: it has missed write 1. Nobody needs to die for another node
 * to attach: the lease of the writer may have run out at any time.
 */
#include "sets.pml"

#define NODES 2
#ifndef MAX_WRITES
#define MAX_WRITES 2
#endif
#ifndef MAX_GENERATION
#define MAX_GENERATION 2
#endif
#ifndef MAX_FAULTS
#define MAX_FAULTS 1      /* deaths of nodes, broken connections or losses of power of replicas, in all */
#endif
#ifndef MAX_SYNCS
#define MAX_SYNCS 2       /* times that a replica begins to sync, in all */
#endif

/* The record. Every change of it raises its revision, and compares the one it was based on. */
byte generation; byte revision; byte writer; byte attaching; byte in_sync;

byte fenced_at[REPLICAS]; byte incarnation[REPLICAS]; byte content[REPLICAS]; byte platter[REPLICAS]; bool restarted[REPLICAS];

#define IDLE 0
#define RESERVED 1
#define ACTIVE 2
byte phase[NODES]; byte gen[NODES]; byte known_revision[NODES]; byte fenced[NODES]; byte view[NODES]; byte grants[NODES];
byte connection[NODES * REPLICAS]; bool recovering[NODES];
/* The write in flight: who has not answered yet, and whether the client waits. The next write waits for both. */
byte value[NODES]; byte waiting[NODES]; bool unacknowledged[NODES];
bool flushing[NODES]; byte flush_floor[NODES]; byte flush_answers[NODES];

/* The replica that returns, and how far it is. */
#define NO_JOIN 0
#define SYNCING 1      /* gets every new write */
#define COPYING 2      /* the region is locked while its copy is under way */
#define COPIED 3
#define REQUIRED 4     /* nothing is completed any more without its answer and its grant */
#define SYNCED 5       /* what it had to settle is settled; its data and map are durable */
#define JOINING 6      /* the compare-and-set is on its way, its outcome not known */
byte join_step[NODES]; byte joiner[NODES];

/* Compare-and-sets in flight: they survive their sender. */
#define NOTHING 0
#define FLYING 1
#define TAKEN 2
#define REFUSED 3
byte join_request[NODES]; byte join_base[NODES]; byte join_whom[NODES];
byte eject_request[NODES]; byte eject_base[NODES]; byte eject_whom[NODES];

#define DATA 1
#define COPY 2
byte m_kind[NODES * REPLICAS]; byte m_value[NODES * REPLICAS]; byte m_gen[NODES * REPLICAS]; byte m_incarnation[NODES * REPLICAS];

byte seen; byte durable; byte served_generation; byte next_value; byte faults; byte syncs;

#define CONNECTED(n, r) (fenced_at[r] == gen[n] && incarnation[r] == connection[PAIR(n, r)])
#define ACCEPTED(n, r)  (m_gen[PAIR(n, r)] == fenced_at[r] && m_incarnation[PAIR(n, r)] == incarnation[r])
#define FREE(n, r)      (m_kind[PAIR(n, r)] == NOTHING)
#define IS_RESTARTED(n, r) (restarted[r])
#define REACHED(n)      ALL_WITH(CONNECTED, n)
#define RESTARTED       ALL_WITH(IS_RESTARTED, 0)
#define RUNS(n)         (phase[n] == ACTIVE)
#define OTHER(n)        (1 - (n))
#define JOINER(n)       (join_step[n] == NO_JOIN -> 0 : ONE(joiner[n]))
#define RECIPIENTS(n)   (view[n] | JOINER(n))

#ifdef BREAK_REQUIRED_AFTER_ANSWER
#define REQUIRED_FROM 7
#else
#define REQUIRED_FROM REQUIRED
#endif
#define REQUIRED_JOINER(n) (join_step[n] >= REQUIRED_FROM -> ONE(joiner[n]) : 0)
#define MUST_ANSWER(n) (view[n] | REQUIRED_JOINER(n))
#ifdef BREAK_FLUSH_WITHOUT_JOINER
#define MUST_FLUSH(n) view[n]
#else
#define MUST_FLUSH(n) MUST_ANSWER(n)
#endif
#define MAY_ANSWER(n) COVERS(grants[n], MUST_ANSWER(n))
#ifdef BREAK_READ_WITHOUT_JOINERS_GRANT
#define MAY_READ(n) COVERS(grants[n], view[n])
#else
#define MAY_READ(n) MAY_ANSWER(n)
#endif
#ifdef BREAK_FENCE_WITHIN_GRANT
#define GRANTS_OVER(n, r) true
#else
#define GRANTS_OVER(n, r) (!HAS(grants[OTHER(n)], r))
#endif
#ifdef BREAK_COMPARES_GENERATION_ONLY
#define UNCHANGED(n, base) (gen[n] == generation)
#else
#define UNCHANGED(n, base) (revision == (base))
#endif
#ifdef BREAK_COPY_WITHOUT_LOCK
#define UNLOCKED(n) true
#else
#define UNLOCKED(n) (join_step[n] != COPYING)
#endif
/* The copy of a region waits until nothing is in flight in it, also on the replica that syncs. */
#ifdef BREAK_COPY_WITHOUT_LOCK
#define COPYABLE(n) true
#else
#define COPYABLE(n) (waiting[n] == 0 && !unacknowledged[n])
#endif
#ifdef BREAK_JOIN_WITHOUT_WAITING
#define SETTLED(n) true
#else
#define SETTLED(n) (!HAS(waiting[n], joiner[n]))
#endif
#ifdef BREAK_EJECTS_WHILE_UNKNOWN
#define OUTCOME_KNOWN(n) true
#else
#define OUTCOME_KNOWN(n) (join_step[n] != JOINING)
#endif

inline stop(n) {
  phase[n] = IDLE; gen[n] = 0; known_revision[n] = 0; fenced[n] = 0; view[n] = 0; grants[n] = 0; recovering[n] = false;
  value[n] = 0; waiting[n] = 0; unacknowledged[n] = false; flushing[n] = false; flush_floor[n] = 0; flush_answers[n] = 0;
  join_step[n] = NO_JOIN; joiner[n] = 0
}
inline put(n, r, kind, v) {
  m_kind[PAIR(n, r)] = kind; m_value[PAIR(n, r)] = v; m_gen[PAIR(n, r)] = gen[n]; m_incarnation[PAIR(n, r)] = connection[PAIR(n, r)]
}
inline take(n, r) { m_kind[PAIR(n, r)] = NOTHING; m_value[PAIR(n, r)] = 0; m_gen[PAIR(n, r)] = 0; m_incarnation[PAIR(n, r)] = 0 }

inline answering(n) { assert(gen[n] >= served_generation); served_generation = gen[n] }   /* I2 */

inline check_record() {
  assert(in_sync != 0);                                     /* I6 */
  for_each(s, in_sync)
    assert(content[s] >= seen || restarted[s]);             /* I1 */
#ifdef POWER_LOSS
    assert(platter[s] >= durable);                          /* I7 */
#endif
    assert(fenced_at[s] <= generation)                      /* I6 */
  end_each(s)
}

inline reserve(n) {
  printf("node %d reserves generation %d\n", n, generation + 1);
  stop(n); generation++; revision++; attaching = n + 1; gen[n] = generation; known_revision[n] = revision; phase[n] = RESERVED
}
inline fence(n, r) {
  printf("node %d fences replica %d\n", n, r);
  fenced_at[r] = gen[n]; incarnation[r]++; connection[PAIR(n, r)] = incarnation[r]; fenced[n] = WITH(fenced[n], r)
}
#define FENCED_MEMBERS(n) (fenced[n] & in_sync)
#define FRESH(n) (FENCED_MEMBERS(n) & ~RESTARTED)
inline activate(n) {
  if
  :: revision == known_revision[n] && attaching == n + 1 && FENCED_MEMBERS(n) != 0 ->
    if :: FRESH(n) != 0 -> view[n] = FRESH(n) :: else -> view[n] = FENCED_MEMBERS(n); seen = durable fi;
    printf("node %d activates with set %d\n", n, view[n]);
    revision++; known_revision[n] = revision; in_sync = view[n]; writer = n + 1; attaching = 0; phase[n] = ACTIVE; fenced[n] = 0; recovering[n] = true
  :: else -> stop(n)
  fi
}
inline recover(n) {
  for_each(s, view[n]) if :: !restarted[s] -> value[n] = content[s] :: else fi end_each(s);
  if :: COVERS(RESTARTED, view[n]) -> for_each(s, view[n]) value[n] = content[s] end_each(s) :: else fi;
  for_each(s, view[n]) content[s] = value[n]; restarted[s] = false end_each(s);
  value[n] = 0; recovering[n] = false
}

inline begin_write(n) {
  value[n] = next_value; next_value++; waiting[n] = RECIPIENTS(n); unacknowledged[n] = true;
  for_each(s, waiting[n]) put(n, s, DATA, value[n]) end_each(s)
}
inline deliver(n, r) {
  if
  :: ACCEPTED(n, r) ->
    printf("replica %d takes value %d from node %d\n", r, m_value[PAIR(n, r)], n);
    content[r] = m_value[PAIR(n, r)];
    if
    :: RUNS(n) && CONNECTED(n, r) && gen[n] == m_gen[PAIR(n, r)] ->
      if
      :: m_kind[PAIR(n, r)] == DATA -> waiting[n] = WITHOUT(waiting[n], r)
      :: m_kind[PAIR(n, r)] == COPY && join_step[n] == COPYING && joiner[n] == r -> join_step[n] = COPIED
      :: else
      fi
    :: else
    fi
  :: else
  fi;
  take(n, r)
}
/* A write that fails on a replica that syncs ends its sync: what nobody answered stays in `waiting`. */
inline lose(n, r) {
  printf("what node %d sent to replica %d is lost\n", n, r);
#ifdef BREAK_FAILED_WRITE_IGNORED
  if :: !HAS(view[n], r) -> waiting[n] = WITHOUT(waiting[n], r) :: else fi;
#endif
  take(n, r)
}
inline acknowledge(n) {
  printf("node %d acknowledges write %d\n", n, value[n]);
  answering(n);
  if :: value[n] > seen -> seen = value[n] :: else fi;
  value[n] = 0; unacknowledged[n] = false
}
inline read(n, r) {
  printf("node %d reads %d from replica %d\n", n, content[r], r);
  answering(n); assert(content[r] >= seen); seen = content[r]                                            /* I4 */
}
inline begin_flush(n) { flushing[n] = true; flush_floor[n] = seen; flush_answers[n] = 0 }
inline flush_member(n, r) { platter[r] = content[r]; flush_answers[n] = WITH(flush_answers[n], r) }
inline finish_flush(n) {
  printf("node %d answers a flush of %d\n", n, flush_floor[n]);
  answering(n);
  if :: flush_floor[n] > durable -> durable = flush_floor[n] :: else fi;
  flushing[n] = false; flush_floor[n] = 0; flush_answers[n] = 0
}

/* A new connection, fenced to this generation: refused by one that knows a newer. The record is not asked. */
inline begin_sync(n, r) {
  printf("replica %d syncs with node %d\n", r, n);
  syncs++; fenced_at[r] = gen[n]; incarnation[r]++; connection[PAIR(n, r)] = incarnation[r]; grants[n] = WITHOUT(grants[n], r);
  joiner[n] = r; join_step[n] = SYNCING
}
#ifdef BREAK_FENCE_FORGOTTEN
#define NOT_REFUSED(n, r) true
#else
#define NOT_REFUSED(n, r) (fenced_at[r] <= gen[n])
#endif
inline copy(n, r) { join_step[n] = COPYING; put(n, joiner[n], COPY, content[r]) }
inline sync_joiner(n) {
  printf("node %d: all is settled and durable on replica %d\n", n, joiner[n]);
#ifndef BREAK_JOIN_WITHOUT_FDATASYNC
  platter[joiner[n]] = content[joiner[n]];
#endif
  restarted[joiner[n]] = false; join_step[n] = SYNCED;
  if :: waiting[n] == 0 && !unacknowledged[n] -> for_each(s, view[n] & REACHED(n)) assert(content[s] == content[joiner[n]]) end_each(s) :: else fi   /* I5 */
}
inline send_join(n) {
  printf("node %d asks the store to join replica %d\n", n, joiner[n]);
  join_step[n] = JOINING; join_request[n] = FLYING; join_base[n] = known_revision[n]; join_whom[n] = joiner[n]
}
inline send_eject(n, r) {
  printf("node %d asks the store to eject replica %d\n", n, r);
  eject_request[n] = FLYING; eject_base[n] = known_revision[n]; eject_whom[n] = r
}
inline store_join(n) {
  if
  :: UNCHANGED(n, join_base[n]) -> printf("the store joins replica %d for node %d\n", join_whom[n], n);
    in_sync = WITH(in_sync, join_whom[n]); revision++; join_request[n] = TAKEN
  :: else -> join_request[n] = REFUSED
  fi
}
inline store_eject(n) {
  if
  :: UNCHANGED(n, eject_base[n]) -> printf("the store ejects replica %d for node %d\n", eject_whom[n], n);
    in_sync = WITHOUT(in_sync, eject_whom[n]); revision++; eject_request[n] = TAKEN
  :: else -> eject_request[n] = REFUSED
  fi
}
/* The record of one's own generation is as it is read; another generation means to stop. */
inline adopt_record(n, target) {
  if
  :: generation == gen[n] ->
    known_revision[n] = revision;
    if :: join_step[n] == JOINING -> join_step[n] = NO_JOIN; joiner[n] = 0 :: else fi;
    view[n] = in_sync; waiting[n] = waiting[n] & RECIPIENTS(n)
#ifdef BREAK_EJECT_LOCALLY
  :: generation != gen[n] && target != 0 && view[n] != target -> view[n] = view[n] & ~target; waiting[n] = waiting[n] & RECIPIENTS(n)
#endif
  :: else -> printf("node %d parks\n", n); stop(n)
  fi
}
inline hear_join(n) {
  printf("node %d hears how the join went: %d\n", n, join_request[n]);
  join_request[n] = NOTHING; join_base[n] = 0; join_whom[n] = 0;
  if :: RUNS(n) && join_step[n] == JOINING -> adopt_record(n, 0) :: else fi
}
inline hear_eject(n) {
  printf("node %d hears how the ejection went: %d\n", n, eject_request[n]);
  if :: RUNS(n) -> adopt_record(n, ONE(eject_whom[n])) :: else fi;
  eject_request[n] = NOTHING; eject_base[n] = 0; eject_whom[n] = 0
}
inline forget_join(n) {
  printf("node %d gives the sync of replica %d up\n", n, joiner[n]);
  join_step[n] = NO_JOIN; waiting[n] = waiting[n] & view[n]; joiner[n] = 0
}
inline break_connection(r) {
  printf("replica %d is cut off, or loses power\n", r);
  faults++; incarnation[r]++;
#ifdef POWER_LOSS
  content[r] = platter[r]; restarted[r] = true
#endif
}

init {
  byte n; byte r; byte s;
  d_step {
    generation = 1; writer = 1; in_sync = WITHOUT(EVERY, REPLICAS - 1); seen = 1; durable = 1; next_value = 2;
    phase[0] = ACTIVE; gen[0] = 1; view[0] = in_sync;
    for_each(s, in_sync) content[s] = 1; platter[s] = 1; fenced_at[s] = 1 end_each(s)
  }
  do
  :: atomic {
    if :: n = 0 :: n = 1 fi;
    if
    :: /* what a node does by itself */
      if
      :: phase[n] == IDLE && generation < MAX_GENERATION -> d_step { reserve(n) }
      :: phase[n] == RESERVED && fenced[n] != 0 -> d_step { activate(n) }
      :: RUNS(n) && recovering[n] && COVERS(REACHED(n), view[n]) -> d_step { recover(n) }
      :: RUNS(n) && !recovering[n] && waiting[n] == 0 && !unacknowledged[n] && UNLOCKED(n) && ALL_WITH(FREE, n) == EVERY && next_value <= MAX_WRITES + 1 -> d_step { begin_write(n) }
      :: RUNS(n) && unacknowledged[n] && !(waiting[n] & MUST_ANSWER(n)) && MAY_ANSWER(n) -> d_step { acknowledge(n) }
#ifdef POWER_LOSS
      :: RUNS(n) && !recovering[n] && !flushing[n] -> d_step { begin_flush(n) }
      :: RUNS(n) && flushing[n] && COVERS(flush_answers[n], MUST_FLUSH(n)) && MAY_ANSWER(n) -> d_step { finish_flush(n) }
#endif
      :: RUNS(n) && join_step[n] == COPIED -> d_step { join_step[n] = REQUIRED }
      :: RUNS(n) && join_step[n] == REQUIRED && SETTLED(n) && CONNECTED(n, joiner[n]) -> d_step { sync_joiner(n) }
      :: RUNS(n) && join_step[n] == SYNCED && join_request[n] == NOTHING && eject_request[n] == NOTHING -> d_step { send_join(n) }
      /* its failure: before the compare-and-set it is simply given up, from then on it is an ejection */
      :: RUNS(n) && join_step[n] > NO_JOIN && join_step[n] < JOINING -> d_step { forget_join(n) }
      :: RUNS(n) && join_step[n] == JOINING && eject_request[n] == NOTHING -> d_step { send_eject(n, joiner[n]) }
#ifdef BREAK_READ_SETTLES_OUTCOME
      :: RUNS(n) && join_step[n] == JOINING && generation == gen[n] && revision == known_revision[n] -> d_step { forget_join(n) }
#endif
      /* the store, and its answers */
      :: join_request[n] == FLYING -> d_step { store_join(n) }
      :: eject_request[n] == FLYING -> d_step { store_eject(n) }
      :: join_request[n] > FLYING -> d_step { hear_join(n) }
      :: eject_request[n] > FLYING -> d_step { hear_eject(n) }
      :: faults < MAX_FAULTS && phase[n] != IDLE -> d_step { printf("node %d dies\n", n); faults++; stop(n) }
      :: else
      fi
    :: /* what happens between a node and a replica */
      if
      :: r = 0
      :: r = 1
#if REPLICAS > 2
      :: r = 2
#endif
      fi;
      if
      :: phase[n] == RESERVED && HAS(in_sync, r) && !HAS(fenced[n], r) && fenced_at[r] < gen[n] && GRANTS_OVER(n, r) -> d_step { fence(n, r) }
      :: m_kind[PAIR(n, r)] != NOTHING -> d_step { deliver(n, r) }
      :: m_kind[PAIR(n, r)] != NOTHING -> d_step { lose(n, r) }
      :: RUNS(n) && HAS(RECIPIENTS(n), r) && CONNECTED(n, r) && !HAS(grants[n], r) -> d_step { grants[n] = WITH(grants[n], r) }
      :: HAS(grants[n], r) -> d_step { grants[n] = WITHOUT(grants[n], r) }
      :: RUNS(n) && !recovering[n] && !unacknowledged[n] && HAS(view[n], r) && CONNECTED(n, r) && MAY_READ(n) -> d_step { read(n, r) }
      /* somebody who stays has answered; nobody is ejected while it is not known who is a member */
      :: RUNS(n) && HAS(view[n], r) && (WITHOUT(view[n], r) & REACHED(n)) != 0 && OUTCOME_KNOWN(n) && eject_request[n] == NOTHING && join_request[n] == NOTHING -> d_step { send_eject(n, r) }
#ifdef BREAK_EJECTS_WHILE_UNKNOWN
      :: RUNS(n) && join_step[n] == JOINING && HAS(view[n], r) && CONNECTED(n, joiner[n]) && eject_request[n] == NOTHING -> d_step { send_eject(n, r) }
#endif
      :: syncs < MAX_SYNCS && RUNS(n) && !recovering[n] && join_step[n] == NO_JOIN && !HAS(view[n], r) && NOT_REFUSED(n, r) && GRANTS_OVER(n, r) -> d_step { begin_sync(n, r) }
      :: RUNS(n) && join_step[n] == SYNCING && HAS(view[n], r) && CONNECTED(n, r) && COPYABLE(n) && FREE(n, joiner[n]) -> d_step { copy(n, r) }
#ifdef POWER_LOSS
      :: RUNS(n) && flushing[n] && HAS(MUST_FLUSH(n), r) && !HAS(flush_answers[n], r) && CONNECTED(n, r) -> d_step { flush_member(n, r) }
#endif
      :: n == 0 && faults < MAX_FAULTS -> d_step { break_connection(r) }
      :: else
      fi
    fi;
    d_step { n = 0; r = 0; check_record() }
  }
  od
}
