/*
 * Sets of replicas as bit masks, for the models of this folder. Nothing of the protocol is in here.
 */
#ifndef REPLICAS
#define REPLICAS 2
#endif
#define EVERY           ((1 << REPLICAS) - 1)
#define ONE(r)          (1 << (r))
#define HAS(set, r)     (((set) >> (r)) & 1)
#define WITH(set, r)    ((set) | ONE(r))
#define WITHOUT(set, r) ((set) & ~ONE(r))
#define COVERS(set, of) (((set) & (of)) == (of))

/* The set of all r for which TEST(n, r) holds: an expression, so that a guard can use it. */
#if REPLICAS == 2
#define ALL_WITH(TEST, n) ((TEST(n, 0)) | ((TEST(n, 1)) << 1))
#else
#define ALL_WITH(TEST, n) ((TEST(n, 0)) | ((TEST(n, 1)) << 1) | ((TEST(n, 2)) << 2))
#endif

/* What belongs to a pair of node and replica is kept in one array. */
#define PAIR(n, r) ((n) * REPLICAS + (r))

/* for_each(s, set): do the statement list with s = each member. s is 0 again afterwards, so it costs no states. */
#define for_each(s, set) s = 0; do :: s < REPLICAS -> if :: HAS(set, s) ->
#define end_each(s)      :: else fi; s++ :: else -> break od; s = 0
