/*
 * Which replicas belong to a volume, and what each one lacks: the bits `intent` and `missed` of one region, and replicas
 * that are away, come back, are replaced by one with a new id, or turn up again after they were removed.
 *
 * Coarse: one mirror at a time, which is fenced and attached in one step (core.pml, grants.pml); a compare-and-set is
 * answered at once (join.pml); nobody loses power (core.pml). Fine: a write reaches its replicas one after another, and
 * may stop after each.
 *
 * Replica 0 and 1 are in the record at first; the others are the ids that a replacement gets. A file whose id is not in
 * the record stays on its disk as it was.
 */
#ifndef REPLICAS
#define REPLICAS 3
#endif
#include "sets.pml"

#ifndef MAX_WRITES
#define MAX_WRITES 3
#endif
#ifndef MAX_FAULTS
#define MAX_FAULTS 3      /* replicas that go away, mirrors that die, in all */
#endif

byte members = 3; byte in_sync = 3;
byte made = 3;            /* ids that were ever given */
byte content[REPLICAS]; bool intent[REPLICAS]; bool missed[REPLICAS];
byte reachable = EVERY;
bool attached; byte syncing; bool copied; /* a set of at most one replica, and whether its copy is done */
byte value; byte unanswered;
byte seen; byte next_value = 1; byte faults;

#define HAS_INTENT(n, r) (intent[r])
#define WITH_INTENT      ALL_WITH(HAS_INTENT, 0)
#define RECIPIENTS       (in_sync | syncing)
#define IN_FLIGHT        (value != 0)
#define LACKING(r)       (intent[r] || missed[r])

inline check_record() {
  assert(in_sync != 0 && COVERS(members, in_sync));
  for_each(s, in_sync) assert(content[s] >= seen) end_each(s)     /* I1 */
}
inline end_write() { value = 0; unanswered = 0 }
inline die() { printf("the mirror dies\n"); faults++; attached = false; syncing = 0; copied = false; end_write() }

/* The new set is who can be reached; if a crash may have split the region, one of them is copied to the others. */
inline attach() {
  printf("a mirror attaches\n");
  in_sync = in_sync & reachable; attached = true; from = REPLICAS;
  for_each(s, in_sync) if :: from == REPLICAS -> from = s :: else fi end_each(s);
  if :: (WITH_INTENT & in_sync) != 0 -> for_each(s, in_sync) content[s] = content[from] end_each(s) :: else fi;
  from = 0
}
inline begin_write() {
  value = next_value; next_value++; unanswered = RECIPIENTS;
  for_each(s, RECIPIENTS) intent[s] = true end_each(s)
}
inline write(r) { printf("value %d reaches replica %d\n", value, r); content[r] = value; unanswered = WITHOUT(unanswered, r) }
inline acknowledge() { printf("value %d is acknowledged\n", value); seen = value; end_write() }
inline eject(r) { printf("replica %d is ejected\n", r); in_sync = WITHOUT(in_sync, r); unanswered = WITHOUT(unanswered, r) }
inline drop_sync() { printf("a sync is given up\n"); unanswered = unanswered & ~syncing; syncing = 0; copied = false }

/* While a replica of the record is not in sync, the bit is not lost: it says that somebody lacks the region. */
inline clear_intent() {
  printf("the intent is cleared\n");
  for_each(s, RECIPIENTS)
    intent[s] = false;
#ifndef BREAK_CLEAR_FORGETS_THE_ABSENT
    if :: in_sync != members -> missed[s] = true :: else fi
#endif
  end_each(s)
}
#ifdef BREAK_MISSED_CLEARED_EARLY
#define NOBODY_LACKS (in_sync & (in_sync - 1))
#else
#define NOBODY_LACKS (in_sync == members)
#endif
inline clear_missed() { printf("nobody lacks the region\n"); for_each(s, in_sync) missed[s] = false end_each(s) }

/* The same id: what its own bits and those of the source name is copied. */
#ifdef BREAK_ONLY_SOURCE_BITS
#define TO_COPY(r, origin) LACKING(origin)
#else
#ifdef BREAK_ONLY_OWN_BITS
#define TO_COPY(r, origin) LACKING(r)
#else
#define TO_COPY(r, origin) (LACKING(r) || LACKING(origin))
#endif
#endif
inline begin_sync(r) { printf("replica %d begins to sync\n", r); syncing = ONE(r); copied = false }
inline copy(r, origin) {
  printf("replica %d is copied from replica %d\n", r, origin);
  if :: TO_COPY(r, origin) -> content[r] = content[origin] :: else fi;
  copied = true
}
/* Its bits become the union, which is what keeps the region known as one that a third replica lacks. */
inline join(r, origin) {
  printf("replica %d joins\n", r);
  assert(content[r] == content[origin]);                                 /* I5 */
#ifdef BREAK_JOIN_WITHOUT_MAP
  intent[r] = false; missed[r] = false;
#else
  intent[r] = intent[r] || intent[origin]; missed[r] = missed[r] || missed[origin];
#endif
  in_sync = WITH(in_sync, r); syncing = 0; copied = false
}
/* A new id, a new empty file, whose map says that it lacks everything. */
inline add_replica(r) {
  printf("replica %d is added to the record\n", r);
  members = WITH(members, r); made = WITH(made, r);
#ifdef BREAK_NEW_MAP_EMPTY
  missed[r] = false
#else
  missed[r] = true
#endif
}
#define NEW_ID(r) (!HAS(made, r))
inline remove_replica(r) { printf("replica %d is removed from the record\n", r); members = WITHOUT(members, r) }

#ifdef BREAK_REMOVED_TAKEN_BACK
#define MAY_SYNC(r) HAS(made, r)
#else
#define MAY_SYNC(r) HAS(members, r)
#endif

active proctype world() {
  byte r; byte s; byte from;
  do
  :: atomic {
    if :: r = 0 :: r = 1 :: r = 2
#if REPLICAS > 3
    :: r = 3
#endif
    fi;
    if :: from = 0 :: from = 1 :: from = 2 fi;
    if
    :: r == 0 && from == 0 && !attached && (in_sync & reachable) != 0 -> d_step { attach() }
    :: r == 0 && from == 0 && attached && faults < MAX_FAULTS -> d_step { die() }
    :: r == 0 && from == 0 && attached && !IN_FLIGHT && COVERS(reachable, RECIPIENTS) && next_value <= MAX_WRITES -> d_step { begin_write() }
    :: r == 0 && from == 0 && IN_FLIGHT && unanswered == 0 -> d_step { acknowledge() }
    :: r == 0 && from == 0 && attached && !IN_FLIGHT && COVERS(reachable, RECIPIENTS) -> d_step { clear_intent() }
    :: r == 0 && from == 0 && attached && !IN_FLIGHT && COVERS(reachable, in_sync) && NOBODY_LACKS -> d_step { clear_missed() }
    :: r == 0 && from == 0 && syncing != 0 -> d_step { drop_sync() }
    :: from == 0 && HAS(unanswered, r) && HAS(reachable, r) -> d_step { write(r) }
    :: from == 0 && attached && HAS(in_sync, r) && (WITHOUT(in_sync, r) & reachable) != 0 -> d_step { eject(r) }
    :: from == 0 && attached && syncing == 0 && !HAS(in_sync, r) && HAS(reachable, r) && MAY_SYNC(r) -> d_step { begin_sync(r); members = WITH(members, r) }
    :: attached && HAS(syncing, r) && !copied && !IN_FLIGHT && HAS(reachable, r) && HAS(in_sync & reachable, from) -> d_step { copy(r, from) }
    :: attached && HAS(syncing, r) && copied && !IN_FLIGHT && HAS(reachable, r) && HAS(in_sync & reachable, from) -> d_step { join(r, from) }
    :: from == 0 && attached && !HAS(in_sync, r) && NEW_ID(r) && members != in_sync -> d_step { add_replica(r) }
    /* one that is stale holds its place, and bits, until there are as many in sync without it */
    :: from == 0 && attached && HAS(members, r) && !HAS(in_sync | syncing, r) && (in_sync & (in_sync - 1)) != 0 -> d_step { remove_replica(r) }
    :: from == 0 && faults < MAX_FAULTS && HAS(reachable, r) -> d_step { printf("replica %d goes away\n", r); faults++; reachable = WITHOUT(reachable, r) }
    :: from == 0 && !HAS(reachable, r) -> d_step { printf("replica %d can be reached again\n", r); reachable = WITH(reachable, r) }
    :: from == 0 && attached && !IN_FLIGHT && HAS(in_sync & reachable, r) -> d_step { assert(content[r] >= seen); seen = content[r] }   /* I4 */
    :: else
    fi;
    d_step { r = 0; from = 0; check_record() }
  }
  od
}
