/*
 * Grants on clocks: why a mirror that was fenced, frozen or cut off answers nothing more.
 *
 * Time passes in ticks for everybody at once (CLOCK_BOOTTIME counts on while a machine is frozen; clocks that run at
 * different speeds are what the margin is for, and are not modelled). A mirror counts a grant from the moment that it
 * *sent* the renewal, a replica from the moment that it *received* it, so the mirror's is over first. Renewals and their
 * answers are late, lost, or answered by a replica that has been restarted since. A node acts at any time or never:
 * that is what a freeze looks like.
 *
 * There is no data: what is shown is the promise on which core.pml and join.pml build. Whenever a mirror completes
 * something, no newer generation is active (I2), although it asks neither the store nor the daemon. A lease is not
 * modelled: anybody may reserve at any time, which is worse than what happens.
 */
#include "sets.pml"

#define NODES 2
#ifndef GRANT
#define GRANT 2           /* ticks that a grant lasts */
#endif
#ifndef MAX_GENERATION
#define MAX_GENERATION 2
#endif
#ifndef MAX_RESTARTS
#define MAX_RESTARTS 1    /* restarts of replica servers, in all */
#endif
#ifndef MAX_FREEZES
#define MAX_FREEZES 0     /* of its clock: any node may stop acting at any time without it */
#endif

byte generation; byte revision; byte attaching; byte active_generation; byte in_sync = EVERY;

/* Replica servers. `promised` = ticks until the last grant is over; a restart forgets it. */
byte fenced_at[REPLICAS]; byte incarnation[REPLICAS]; byte promised[REPLICAS]; byte fencing[REPLICAS];

#define IDLE 0
#define RESERVED 1
#define ACTIVE 2
byte phase[NODES]; byte gen[NODES]; byte base[NODES]; byte fenced[NODES]; byte view[NODES]; bool frozen[NODES];
byte connection[NODES * REPLICAS];
byte held[NODES * REPLICAS];          /* ticks for which the mirror still holds the grant */
/* A renewal on its way: its age counts from when it was sent. */
#define NOTHING 0
#define ASKED 1
#define GRANTED 2
byte renewal[NODES * REPLICAS]; byte age[NODES * REPLICAS];
/* An operation of the client: asked for, done on a replica, and only then answered. */
#define NONE 0
#define BEGUN 1
#define DONE 2
byte operation[NODES];
byte restarts; byte freezes;

#define CONNECTED(n, r) (fenced_at[r] == gen[n] && incarnation[r] == connection[PAIR(n, r)])
#define HOLDS(n, r)     (held[PAIR(n, r)] > 0)
#define HOLDS_ALL(n)    COVERS(ALL_WITH(HOLDS, n), view[n])
#define RUNS(n)         (phase[n] == ACTIVE && !frozen[n])

inline stop(n) {
  phase[n] = IDLE; gen[n] = 0; base[n] = 0; fenced[n] = 0; view[n] = 0; operation[n] = NONE;
  for_each(s, EVERY) held[PAIR(n, s)] = 0; connection[PAIR(n, s)] = 0; renewal[PAIR(n, s)] = NOTHING; age[PAIR(n, s)] = 0 end_each(s)
}
inline reserve(n) {
  printf("node %d reserves generation %d\n", n, generation + 1);
  stop(n); generation++; revision++; base[n] = revision; attaching = n + 1; gen[n] = generation; phase[n] = RESERVED
}

/* A fence drops the connection at once, and answers only when the last grant is over. */
inline begin_fence(n, r) {
  printf("node %d begins to fence replica %d\n", n, r);
  fencing[r] = gen[n]; incarnation[r]++
}
#ifdef BREAK_FENCE_WITHIN_GRANT
#define GRANT_OVER(r) true
#else
#define GRANT_OVER(r) (promised[r] == 0)
#endif
inline finish_fence(n, r) {
  printf("node %d has fenced replica %d\n", n, r);
  fenced_at[r] = gen[n]; fencing[r] = 0; connection[PAIR(n, r)] = incarnation[r]; fenced[n] = WITH(fenced[n], r)
}
inline activate(n) {
  if
  :: base[n] == revision && attaching == n + 1 ->
    printf("node %d activates\n", n);
    in_sync = in_sync & fenced[n]; view[n] = in_sync; attaching = 0; revision++; active_generation = gen[n]; phase[n] = ACTIVE; fenced[n] = 0
  :: else -> stop(n)
  fi
}
inline eject(n, r) {
  if
  :: generation == gen[n] -> printf("node %d ejects replica %d\n", n, r); in_sync = WITHOUT(in_sync, r); revision++; view[n] = in_sync
#ifdef BREAK_EJECT_LOCALLY
  :: else -> view[n] = WITHOUT(view[n], r)
#else
  :: else -> stop(n)
#endif
  fi
}

inline ask(n, r) { renewal[PAIR(n, r)] = ASKED; age[PAIR(n, r)] = 0 }
inline forget(n, r) { renewal[PAIR(n, r)] = NOTHING; age[PAIR(n, r)] = 0 }
/* Asked over a connection that has been dropped meanwhile: nobody hears it. */
inline grant(n, r) {
  if
  :: CONNECTED(n, r) -> promised[r] = GRANT; renewal[PAIR(n, r)] = GRANTED
  :: else -> forget(n, r)
  fi
}
/* Counted from the sending: an answer that took longer than the grant grants nothing. */
inline hold(n, r) {
  if
  :: phase[n] == ACTIVE ->
#ifdef BREAK_COUNTED_FROM_ANSWER
    held[PAIR(n, r)] = GRANT
#else
    if :: GRANT - age[PAIR(n, r)] > held[PAIR(n, r)] -> held[PAIR(n, r)] = GRANT - age[PAIR(n, r)] :: else fi
#endif
  :: else
  fi;
  forget(n, r)
}

/* Something is done on the replicas, then the grants are looked at, then the client is answered: never the other way. */
inline answer(n) {
  printf("node %d answers\n", n);
  assert(active_generation == gen[n]);   /* I2 */
  operation[n] = NONE
}
#ifdef BREAK_CHECK_BEFORE_OPERATION
#define MAY_BEGIN(n)  HOLDS_ALL(n)
#define MAY_ANSWER(n) true
#else
#define MAY_BEGIN(n)  true
#define MAY_ANSWER(n) HOLDS_ALL(n)
#endif

/* Detaching: nothing is answered any more, then the grants are given back. */
inline give_back(n) {
  printf("node %d gives its grants back\n", n);
  for_each(s, view[n]) if :: CONNECTED(n, s) -> promised[s] = 0 :: else fi end_each(s);
#ifndef BREAK_GIVES_BACK_WHILE_SERVING
  stop(n)
#endif
}

/* A replica server that starts knows of no grant that it gave: it waits as long as one lasts. Its fence is durable. */
inline restart(r) {
  printf("replica server %d restarts\n", r);
  restarts++; incarnation[r]++; fencing[r] = 0;
#ifdef BREAK_RESTART_WITHIN_GRANT
  promised[r] = 0
#else
  promised[r] = GRANT
#endif
}

#ifdef BREAK_CLOCK_STOPS_IN_FREEZE
#define COUNTS(n) (!frozen[n])
#else
#define COUNTS(n) true
#endif
inline tick() {
  for_each(s, EVERY)
    if :: promised[s] > 0 -> promised[s]-- :: else fi;
    if :: held[PAIR(0, s)] > 0 && COUNTS(0) -> held[PAIR(0, s)]-- :: else fi;
    if :: held[PAIR(1, s)] > 0 && COUNTS(1) -> held[PAIR(1, s)]-- :: else fi;
    if :: renewal[PAIR(0, s)] != NOTHING && age[PAIR(0, s)] < GRANT && COUNTS(0) -> age[PAIR(0, s)]++ :: else fi;
    if :: renewal[PAIR(1, s)] != NOTHING && age[PAIR(1, s)] < GRANT && COUNTS(1) -> age[PAIR(1, s)]++ :: else fi
  end_each(s)
}

inline check_grants() {
  assert(in_sync != 0);
  for_each(s, EVERY)
    assert(fenced_at[s] <= generation);
    /* no grant of an older generation outlives an answered fence */
    assert(held[PAIR(0, s)] == 0 || gen[0] >= fenced_at[s]);
    assert(held[PAIR(1, s)] == 0 || gen[1] >= fenced_at[s])
  end_each(s)
}

init {
  byte n; byte r; byte s;
  /* node 0 is the writer, with every replica */
  d_step {
    generation = 1; active_generation = 1; phase[0] = ACTIVE; gen[0] = 1; view[0] = EVERY;
    for_each(s, EVERY) fenced_at[s] = 1; incarnation[s] = 1; connection[PAIR(0, s)] = 1 end_each(s)
  }
  do
  :: atomic {
    if :: n = 0 :: n = 1 fi;
    if
    :: /* what a node does by itself */
      if
      :: !frozen[n] && phase[n] == IDLE && generation < MAX_GENERATION -> d_step { reserve(n) }
      :: !frozen[n] && phase[n] == RESERVED && fenced[n] != 0 -> d_step { activate(n) }
      :: RUNS(n) && operation[n] == NONE && MAY_BEGIN(n) -> d_step { operation[n] = BEGUN }
      :: RUNS(n) && operation[n] == DONE && MAY_ANSWER(n) -> d_step { answer(n) }
      :: RUNS(n) && operation[n] == NONE -> d_step { give_back(n) }
      :: freezes < MAX_FREEZES && !frozen[n] && phase[n] == ACTIVE -> d_step { printf("node %d freezes\n", n); freezes++; frozen[n] = true }
      :: frozen[n] -> d_step { printf("node %d goes on\n", n); frozen[n] = false }
      :: n == 0 -> d_step { printf("time passes\n"); tick() }
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
      :: !frozen[n] && phase[n] == RESERVED && HAS(in_sync, r) && !HAS(fenced[n], r) && fenced_at[r] < gen[n] && fencing[r] < gen[n] -> d_step { begin_fence(n, r) }
      :: phase[n] == RESERVED && fencing[r] == gen[n] && GRANT_OVER(r) -> d_step { finish_fence(n, r) }
      :: RUNS(n) && HAS(view[n], r) && renewal[PAIR(n, r)] == NOTHING -> d_step { ask(n, r) }
      :: renewal[PAIR(n, r)] == ASKED -> d_step { grant(n, r) }
      :: renewal[PAIR(n, r)] == GRANTED && !frozen[n] -> d_step { hold(n, r) }
      :: renewal[PAIR(n, r)] != NOTHING -> d_step { forget(n, r) }
      :: RUNS(n) && HAS(view[n], r) && view[n] != ONE(r) -> d_step { eject(n, r) }
      /* a read: one member is enough */
      :: RUNS(n) && operation[n] == BEGUN && HAS(view[n], r) && CONNECTED(n, r) -> d_step { operation[n] = DONE }
      :: n == 0 && restarts < MAX_RESTARTS -> d_step { restart(r) }
      :: else
      fi
    fi;
    d_step { n = 0; r = 0; check_grants() }
  }
  od
}
