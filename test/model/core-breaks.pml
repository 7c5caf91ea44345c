/*
 * The conditions of core.pml under which a step may be taken, each as the protocol has it and, for the search to find,
 * without the rule (BREAK_...). Breaks of what a step does are in core.pml itself.
 */

/* A replica answers, and takes messages, of the generation that it is fenced to and of one incarnation only. */
#ifdef BREAK_NO_FENCE
#define CONNECTED(n, r) (incarnation[r] == connection[PAIR(n, r)])
#define ACCEPTED(n, r)  (m_incarnation[PAIR(n, r)] == incarnation[r])
#else
#define CONNECTED(n, r) (fenced_at[r] == gen[n] && incarnation[r] == connection[PAIR(n, r)])
#define ACCEPTED(n, r)  (m_gen[PAIR(n, r)] == fenced_at[r] && m_incarnation[PAIR(n, r)] == incarnation[r])
#endif

/* Who may be in the set after an attach: nobody that lost power, if another did not; on a clean record nothing was lost. */
#ifdef BREAK_RESTARTED_STAYS
#define FRESH(n) FENCED_MEMBERS(n)
#else
#define FRESH(n) (FENCED_MEMBERS(n) & (clean -> EVERY : ~said_restarted[n]))
#endif

/* Nothing is completed without the grants. */
#ifdef BREAK_SERVES_WITHOUT_GRANT
#define MAY_ANSWER(n) true
#else
#define MAY_ANSWER(n) lease[n]
#endif

/* A region is recovered before its first touch, on every member. */
#ifdef BREAK_TOUCH_DURING_RECOVERY
#define RECOVERED(n) true
#else
#define RECOVERED(n) (!recovering[n])
#endif
#ifdef BREAK_READ_FROM_SOURCE
#define READABLE(n, r) (!recovering[n] || r == source[n])
#else
#define READABLE(n, r) RECOVERED(n)
#endif

/* An intent is cleared under a lock, after recovery, and after a flush everywhere. */
#ifdef BREAK_CLEAR_UNLOCKED
#define UNLOCKED(n) true
#else
#define UNLOCKED(n) (clearing[n] == 0)
#endif
#ifdef BREAK_CLEAR_BEFORE_FLUSH
#define MAY_CLEAR(n) (stage[n] == NO_WRITE && !recovering[n])
#else
#ifdef BREAK_CLEAR_DURING_RECOVERY
#define MAY_CLEAR(n) (stage[n] == NO_WRITE && ALL_REACHED(n) && ALL_ON_PLATTER(n))
#else
#define MAY_CLEAR(n) (stage[n] == NO_WRITE && !recovering[n] && ALL_REACHED(n) && ALL_ON_PLATTER(n))
#endif
#endif

/* What has to be answered by every member: intents, data, flushes. */
#define MARKED(n) COVERS(answers[n], view[n])
#ifdef BREAK_ACK_EARLY
#define WRITTEN(n) (answers[n] != 0)
#else
#define WRITTEN(n) COVERS(answers[n], view[n])
#endif
#ifdef BREAK_FLUSH_ON_ONE
#define FLUSHED(n) (flush_answers[n] != 0)
#else
#define FLUSHED(n) COVERS(flush_answers[n], view[n])
#endif

/* A read waits for the writes that it overlaps. */
#ifdef BREAK_READ_ACROSS_WRITE
#define NOTHING_IN_FLIGHT(n) true
#else
#define NOTHING_IN_FLIGHT(n) (stage[n] == NO_WRITE && parked[n] == 0)
#endif

/* A region stays locked until every copy that recovery sent is answered, whatever became of its source. */
#ifdef BREAK_FORGETS_COPIES
#define COPIES_SETTLED(n) true
#else
#define COPIES_SETTLED(n) (copying[n] == 0)
#endif
