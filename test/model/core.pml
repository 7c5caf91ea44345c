/*
 * The whole life of one region of one volume: attach, write, ejection, recovery, flush, clearing of bits, return,
 * release, on nodes that die or freeze and replicas that lose power.
 *
 * Fine: reserve, fence and activate are steps of their own; so is every delivery of an intent, of data and of what
 * recovery copies (late, lost, or after the death of who sent it), every replica's part of a flush and of a clearing.
 * Coarse: a node's lease and its grants are one flag (grants.pml takes them apart), a compare-and-set of the record is
 * answered at once, the return of a replica is one step (join.pml takes both apart), replicas are only ever the same
 * ones (members.pml changes them).
 *
 * A value is the number of the write: a later write has a greater one. Data is in a replica's page cache (content) and,
 * after a flush, on its platter; without POWER_LOSS the platter is not modelled.
 */
#include "sets.pml"

#define NODES 2
#ifndef MAX_WRITES
#define MAX_WRITES 2      /* writes of clients, in all */
#endif
#ifndef MAX_GENERATION
#define MAX_GENERATION 2  /* reservations, in all */
#endif
#ifndef MAX_FAULTS
#define MAX_FAULTS 1      /* deaths and freezes of nodes, losses of power, in all */
#endif
#ifndef MAX_RETURNS
#define MAX_RETURNS 1     /* returns of a replica that had been ejected, in all */
#endif

/* The record in the store. A node is named by its number + 1; 0 is none. */
byte generation; byte writer; byte attaching; byte in_sync = EVERY; bool clean = true;

/* Replicas. A connection is valid for one generation and one incarnation. */
byte fenced_at[REPLICAS]; byte incarnation[REPLICAS]; byte content[REPLICAS]; byte platter[REPLICAS];
bool intent[REPLICAS]; bool missed[REPLICAS]; bool restarted[REPLICAS];

/* Nodes. */
#define IDLE 0
#define RESERVED 1
#define ACTIVE 2
byte phase[NODES]; byte gen[NODES]; byte fenced[NODES]; byte said_restarted[NODES]; byte view[NODES]; bool lease[NODES];
byte connection[NODES * REPLICAS];
/* Writes: one at a time; overlapping ones are serialised. */
#define NO_WRITE 0
#define MARKING 1   /* waits until the intent is durable on every member */
#define WRITING 2   /* waits for the answers to the data */
byte stage[NODES]; byte value[NODES]; byte answers[NODES]; bool marked[NODES];
byte parked[NODES]; /* a write that was held when the mirror stopped: issued again after the next activation */
/* Recovery. */
bool recovering[NODES]; byte source[NODES]; byte recovered[NODES]; byte copied_value[NODES]; bool source_read[NODES];
byte copying[NODES]; /* members that have not answered a copy yet: the region is locked until they have, whatever becomes of its source */
/* Flush and clearing of bits. */
bool flushing[NODES]; byte flush_floor[NODES]; byte flush_answers[NODES];
byte clearing[NODES]; /* members that have not answered the clearing yet */

/* One message in flight for each pair; it outlives its sender. */
#define NOTHING 0
#define INTENT 1
#define DATA 2
#define COPY 3
byte m_kind[NODES * REPLICAS]; byte m_value[NODES * REPLICAS]; byte m_gen[NODES * REPLICAS]; byte m_incarnation[NODES * REPLICAS];

/* What the world has been told: seen = newest value acknowledged or read; durable = newest that a flush covered. */
byte seen; byte durable; byte served_generation; byte next_value = 1; byte faults; byte returns;

#include "core-breaks.pml"
#define HAS_INTENT(n, r)   (intent[r])
#define ON_PLATTER(n, r)   (platter[r] == content[r])
#define REACHED(n)    ALL_WITH(CONNECTED, n)
#define WITH_INTENT   ALL_WITH(HAS_INTENT, 0)
#define OWNS_RECORD(n) (generation == gen[n])
#define FREE(n, r)    (m_kind[PAIR(n, r)] == NOTHING)
#define ALL_REACHED(n) COVERS(REACHED(n), view[n])

#ifdef POWER_LOSS
#define SYNC(r) platter[r] = content[r]
#define ALL_ON_PLATTER(n) COVERS(ALL_WITH(ON_PLATTER, n), view[n])
#else
#define SYNC(r) skip
#define ALL_ON_PLATTER(n) true
#endif

inline stop(n) {
  phase[n] = IDLE; gen[n] = 0; fenced[n] = 0; said_restarted[n] = 0; view[n] = 0; stage[n] = NO_WRITE; value[n] = 0; answers[n] = 0; marked[n] = false;
  recovering[n] = false; source[n] = 0; recovered[n] = 0; copied_value[n] = 0; source_read[n] = false; copying[n] = 0;
  flushing[n] = false; flush_floor[n] = 0; flush_answers[n] = 0; clearing[n] = 0
}

/* A mirror that must stop holds its write: its node attaches again, and issues it again if nobody was there meanwhile. */
inline park(n) {
  printf("node %d parks\n", n);
  if :: value[n] != 0 -> parked[n] = value[n] :: else fi;
  stop(n)
}

inline put(n, r, kind, v) {
  m_kind[PAIR(n, r)] = kind; m_value[PAIR(n, r)] = v; m_gen[PAIR(n, r)] = gen[n]; m_incarnation[PAIR(n, r)] = connection[PAIR(n, r)]
}
inline take(n, r) { m_kind[PAIR(n, r)] = NOTHING; m_value[PAIR(n, r)] = 0; m_gen[PAIR(n, r)] = 0; m_incarnation[PAIR(n, r)] = 0 }

inline send_write(n) {
  answers[n] = 0;
  for_each(s, view[n])
    if :: stage[n] == MARKING -> put(n, s, INTENT, 0) :: else -> put(n, s, DATA, value[n]) fi
  end_each(s)
}
inline begin_write(n, v) {
  value[n] = v;
#ifdef BREAK_WRITE_WITHOUT_INTENT
  marked[n] = true;
#endif
  if :: marked[n] -> stage[n] = WRITING :: else -> stage[n] = MARKING fi;
  send_write(n)
}

/* The member that recovery copies from is fixed. Either none of the set has restarted, or all have (see activate). */
inline choose_source(n) {
  source[n] = REPLICAS; source_read[n] = false; copied_value[n] = 0;
  for_each(s, view[n]) if :: source[n] == REPLICAS -> source[n] = s :: else fi end_each(s);
  recovered[n] = ONE(source[n])
}
/*
 * Contents are equal again: what a power loss may have taken is settled, and each member is told so over its connection,
 * so that a member which restarts just now keeps its mark.
 */
inline finish_recovery(n) {
  recovering[n] = false; recovered[n] = 0; source[n] = 0; source_read[n] = false; copied_value[n] = 0;
  for_each(s, view[n]) if :: CONNECTED(n, s) -> restarted[s] = false :: else fi end_each(s)
}

/* Nothing reaches a client from a writer that a newer one has replaced: I2. */
inline answering(n) { assert(gen[n] >= served_generation); served_generation = gen[n] }

/* What must hold after every step. */
inline check_record() {
  assert(in_sync != 0);                                         /* I6: somebody can be attached to */
  for_each(s, in_sync)
    assert(content[s] >= seen || restarted[s]);                 /* I1: also of what was read */
#ifdef POWER_LOSS
    assert(platter[s] >= durable);                              /* I7: what was flushed is on every member's platter */
#endif
    assert(fenced_at[s] <= generation)                          /* I6: nobody is fenced to a generation that was never given */
  end_each(s)
}

inline reserve(n) {
  printf("node %d reserves generation %d\n", n, generation + 1);
  generation++; attaching = n + 1; stop(n); gen[n] = generation; phase[n] = RESERVED; lease[n] = true
}
#define MAY_RESERVE(n) (phase[n] == IDLE && generation < MAX_GENERATION && (generation > 0 || n == 0) \
  && (writer == 0 || writer == n + 1 || !lease[writer - 1]) && (attaching == 0 || attaching == n + 1 || !lease[attaching - 1]))

/* Durable before it is answered; a new generation means a new connection. An older generation is refused. */
inline fence(n, r) {
  printf("node %d fences replica %d\n", n, r);
  if :: restarted[r] -> said_restarted[n] = WITH(said_restarted[n], r) :: else fi;
#ifdef BREAK_NO_FENCE
  connection[PAIR(n, r)] = incarnation[r]; fenced[n] = WITH(fenced[n], r)
#else
  if
  :: fenced_at[r] < gen[n] -> fenced_at[r] = gen[n]; incarnation[r]++; connection[PAIR(n, r)] = incarnation[r]; fenced[n] = WITH(fenced[n], r)
  :: else -> stop(n)
  fi
#endif
}

/*
 * The new in-sync set: the fenced members that have not restarted, where there is one; all of them on a clean record,
 * on which nothing was in flight. If all have restarted, acknowledged data may be gone, flushed data may not.
 */
#define FENCED_MEMBERS(n) (fenced[n] & in_sync)
inline activate(n) {
  if
  :: OWNS_RECORD(n) && attaching == n + 1 && FENCED_MEMBERS(n) != 0 ->
    printf("node %d activates\n", n);
    if
    :: FRESH(n) != 0 -> view[n] = FRESH(n)
    :: else -> view[n] = FENCED_MEMBERS(n); seen = durable
    fi;
#ifdef BREAK_REISSUE_ALWAYS
    skip;
#else
    if :: writer != n + 1 || COVERS(said_restarted[n], view[n]) -> parked[n] = 0 :: else fi;
#endif
    recovering[n] = !clean;
#ifdef BREAK_NO_RECOVERY
    recovering[n] = false;
#endif
    in_sync = view[n]; clean = false; writer = n + 1; attaching = 0; phase[n] = ACTIVE; fenced[n] = 0; said_restarted[n] = 0;
    choose_source(n);
    if :: !recovering[n] || !(WITH_INTENT & view[n]) -> finish_recovery(n) :: else fi
  :: else -> printf("node %d may not activate\n", n); stop(n)
  fi
}

/* Recovery of the region: read from the source, send to each other member; its lock is held meanwhile. */
inline read_source(n) { source_read[n] = true; copied_value[n] = content[source[n]] }
inline send_copy(n, r) { copying[n] = WITH(copying[n], r); put(n, r, COPY, copied_value[n]) }

inline deliver(n, r) {
  if
  :: ACCEPTED(n, r) ->
    printf("replica %d takes what node %d sent: kind %d, value %d\n", r, n, m_kind[PAIR(n, r)], m_value[PAIR(n, r)]);
    if
    :: m_kind[PAIR(n, r)] == INTENT -> intent[r] = true
    :: else -> content[r] = m_value[PAIR(n, r)]
    fi;
    if
    :: phase[n] == ACTIVE && gen[n] == m_gen[PAIR(n, r)] && CONNECTED(n, r) ->
      if
      :: m_kind[PAIR(n, r)] == COPY ->
        copying[n] = WITHOUT(copying[n], r);
        /* one that was sent before its source was ejected counts for nothing */
        if :: source_read[n] && copied_value[n] == m_value[PAIR(n, r)] -> recovered[n] = WITH(recovered[n], r) :: else fi
      :: else -> answers[n] = WITH(answers[n], r)
      fi
    :: else
    fi
  :: else
  fi;
  take(n, r)
}

/* Only the compare-and-set makes it so, and only while another member is known to answer: else park rather than choose. */
inline eject(n, r) {
  if
  :: (REACHED(n) & WITHOUT(view[n], r)) == 0 -> park(n)
  :: else ->
    if
    :: OWNS_RECORD(n) -> printf("node %d ejects replica %d\n", n, r); in_sync = WITHOUT(in_sync, r); drop_member(n, r)
    :: else -> park(n)
    fi
  fi
}
inline drop_member(n, r) {
  view[n] = WITHOUT(view[n], r); answers[n] = WITHOUT(answers[n], r); clearing[n] = WITHOUT(clearing[n], r); flush_answers[n] = WITHOUT(flush_answers[n], r);
  recovered[n] = WITHOUT(recovered[n], r); copying[n] = WITHOUT(copying[n], r);
  if
  :: recovering[n] && source[n] == r -> choose_source(n)
  :: else
  fi
}

inline acknowledge(n) {
  printf("node %d acknowledges write %d\n", n, value[n]);
  answering(n);
  for_each(s, in_sync) assert(content[s] >= value[n] || restarted[s]) end_each(s);   /* I1 */
  if :: value[n] > seen -> seen = value[n] :: else fi;
  value[n] = 0; stage[n] = NO_WRITE; answers[n] = 0
}

inline read(n, r) {
  printf("node %d reads %d from replica %d\n", n, content[r], r);
  answering(n);
  assert(content[r] >= seen);                                                        /* I4 */
  seen = content[r]
}

/* Covers what was acknowledged when it was issued; answered when every member has it on its platter. */
inline begin_flush(n) { flushing[n] = true; flush_floor[n] = seen; flush_answers[n] = 0 }
inline flush_member(n, r) { SYNC(r); flush_answers[n] = WITH(flush_answers[n], r) }
inline finish_flush(n) {
  printf("node %d answers a flush of %d\n", n, flush_floor[n]);
  answering(n);
  if :: flush_floor[n] > durable -> durable = flush_floor[n] :: else fi;
  flushing[n] = false; flush_floor[n] = 0; flush_answers[n] = 0
}

/*
 * The intent is cleared after a flush everywhere; the region is locked until every member answered. While a replica of
 * the record is not in sync, the same write of the map notes that it lacks the region.
 */
inline begin_clearing(n) { clearing[n] = view[n]; marked[n] = false }
inline clear_member(n, r) {
  printf("replica %d clears the intent\n", r);
  intent[r] = false; clearing[n] = WITHOUT(clearing[n], r);
#ifndef BREAK_CLEAR_FORGETS_THE_ABSENT
  if :: in_sync != EVERY -> missed[r] = true :: else fi
#endif
}

/* In one step: connect anew, copy what its own bits and those of a member name, sync, join. */
inline return_replica(n, r, from) {
  printf("replica %d returns to node %d\n", r, n);
  returns++; fenced_at[r] = gen[n];
#ifndef BREAK_RESUMED_CONNECTION
  incarnation[r]++;
#endif
  connection[PAIR(n, r)] = incarnation[r];
  if :: intent[r] || missed[r] || intent[from] || missed[from] -> content[r] = content[from] :: else fi;
  assert(content[r] == content[from]);                                               /* I5 */
  SYNC(r); restarted[r] = false;
#ifdef BREAK_JOIN_WITHOUT_MAP
  intent[r] = false; missed[r] = false;
#else
  intent[r] = intent[r] || intent[from]; missed[r] = missed[r] || missed[from];
#endif
  in_sync = WITH(in_sync, r); view[n] = WITH(view[n], r);
  /* nobody lacks the region any more */
  if :: in_sync == EVERY -> for_each(s, EVERY) missed[s] = false end_each(s) :: else fi
}

/* Flush, stop, give the grants back, name no writer: clean only if nothing is left to recover and every flush succeeded. */
inline release(n) {
  printf("node %d releases\n", n);
#ifndef BREAK_RELEASE_WITHOUT_FLUSH
  for_each(s, view[n] & REACHED(n)) SYNC(s) end_each(s);
#endif
#ifdef BREAK_CLEAN_WHILE_RECOVERING
  clean = ALL_REACHED(n);
#else
  clean = ALL_REACHED(n) && !recovering[n];
#endif
  writer = 0; stop(n)
}

inline lose_power(r) {
  printf("replica %d loses power\n", r);
  faults++; incarnation[r]++; content[r] = platter[r]; restarted[r] = true
}

#define RUNS(n) (phase[n] == ACTIVE)
#define QUIET(n) (stage[n] == NO_WRITE && parked[n] == 0 && UNLOCKED(n) && !flushing[n])
#define ALL_FREE(n) COVERS(ALL_WITH(FREE, n), view[n])

active proctype world() {
  byte n; byte r; byte s; byte from;
  do
  :: atomic {
    if :: n = 0 :: n = 1 fi;
    if
    :: /* what a node does by itself */
      if
      :: MAY_RESERVE(n) -> d_step { reserve(n) }
      :: phase[n] == RESERVED && fenced[n] != 0 -> d_step { activate(n) }

      /* recovery, in the background or on first touch */
      :: RUNS(n) && recovering[n] && !source_read[n] && COPIES_SETTLED(n) && CONNECTED(n, source[n]) -> d_step { read_source(n) }
      :: RUNS(n) && recovering[n] && COVERS(recovered[n], view[n]) && COPIES_SETTLED(n) -> d_step { finish_recovery(n) }

      /* writes: a new one, or the one that was held */
      :: RUNS(n) && RECOVERED(n) && UNLOCKED(n) && stage[n] == NO_WRITE && ALL_FREE(n) && parked[n] == 0 && next_value <= MAX_WRITES ->
        d_step { next_value++; begin_write(n, next_value - 1) }
      :: RUNS(n) && RECOVERED(n) && UNLOCKED(n) && stage[n] == NO_WRITE && ALL_FREE(n) && parked[n] != 0 ->
        d_step { begin_write(n, parked[n]); parked[n] = 0 }
      :: RUNS(n) && stage[n] == MARKING && MARKED(n) -> d_step { marked[n] = true; stage[n] = WRITING; send_write(n) }
      :: RUNS(n) && stage[n] == WRITING && WRITTEN(n) && MAY_ANSWER(n) -> d_step { acknowledge(n) }

      :: RUNS(n) && (WITH_INTENT & view[n]) != 0 && clearing[n] == 0 && OWNS_RECORD(n) && MAY_CLEAR(n) -> d_step { begin_clearing(n) }
      :: RUNS(n) && QUIET(n) && OWNS_RECORD(n) -> d_step { release(n) }
#ifdef POWER_LOSS
      :: RUNS(n) && !flushing[n] -> d_step { begin_flush(n) }
      :: RUNS(n) && flushing[n] && FLUSHED(n) && MAY_ANSWER(n) -> d_step { finish_flush(n) }
#endif
      :: faults < MAX_FAULTS && phase[n] != IDLE -> d_step { printf("node %d dies\n", n); faults++; stop(n); parked[n] = 0; lease[n] = false }
      :: faults < MAX_FAULTS && phase[n] != IDLE -> d_step { printf("the mirror on node %d is killed; the node lives\n", n); faults++; park(n) }
      :: faults < MAX_FAULTS && phase[n] != IDLE && lease[n] -> d_step { printf("node %d freezes, or is cut off\n", n); faults++; lease[n] = false }
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
      :: phase[n] == RESERVED && HAS(in_sync, r) && !HAS(fenced[n], r) -> d_step { fence(n, r) }
      :: m_kind[PAIR(n, r)] != NOTHING -> d_step { deliver(n, r) }
      :: m_kind[PAIR(n, r)] != NOTHING -> d_step { printf("what node %d sent to replica %d is lost\n", n, r); take(n, r) }
      :: RUNS(n) && recovering[n] && source_read[n] && HAS(view[n], r) && !HAS(recovered[n] | copying[n], r) && FREE(n, r) && CONNECTED(n, r) -> d_step { send_copy(n, r) }
      :: RUNS(n) && READABLE(n, r) && NOTHING_IN_FLIGHT(n) && HAS(view[n], r) && CONNECTED(n, r) && MAY_ANSWER(n) -> d_step { read(n, r) }
      :: RUNS(n) && HAS(clearing[n], r) && CONNECTED(n, r) -> d_step { clear_member(n, r) }
      /* the last member is never ejected */
      :: RUNS(n) && HAS(view[n], r) && view[n] != ONE(r) -> d_step { eject(n, r) }
      :: RUNS(n) && view[n] == ONE(r) && (!CONNECTED(n, r) || copying[n] && FREE(n, r)) -> d_step { park(n) }
      :: returns < MAX_RETURNS && RUNS(n) && QUIET(n) && !recovering[n] && OWNS_RECORD(n) && !HAS(in_sync, r) && fenced_at[r] <= gen[n] && (view[n] & REACHED(n)) != 0 ->
        if
        :: HAS(view[n] & REACHED(n), 0) -> from = 0
        :: HAS(view[n] & REACHED(n), 1) -> from = 1
#if REPLICAS > 2
        :: HAS(view[n] & REACHED(n), 2) -> from = 2
#endif
        fi;
        d_step { return_replica(n, r, from); from = 0 }
#ifdef POWER_LOSS
      :: RUNS(n) && flushing[n] && HAS(view[n], r) && !HAS(flush_answers[n], r) && CONNECTED(n, r) -> d_step { flush_member(n, r) }
      :: n == 0 && faults < MAX_FAULTS -> d_step { lose_power(r) }
      :: n == 0 && content[r] != platter[r] -> d_step { SYNC(r) }   /* the kernel writes back when it likes */
#endif
      :: else
      fi
    fi;
    d_step { n = 0; r = 0; check_record() }
  }
  od
}
