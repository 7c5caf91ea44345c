/** The times that the protocol works with, in milliseconds of a clock that counts suspension (CLOCK_BOOTTIME). */
export interface Timing {
  /** How long a replica promises to answer nobody else. */
  readonly grant_ms: number;
  /** By how much the mirror trusts a grant less: different clock rates, and the time from a check to the answer's way out. */
  readonly grant_margin_ms: number;
  readonly renew_ms: number;
  /** A request without an answer for so long fails its replica. */
  readonly request_ms: number;
  /** Between tries to reach a replica that is away. */
  readonly reopen_ms: number;
  /** Between tries after the store or space was not to be had. */
  readonly retry_ms: number;
  /** A region that nothing was written to for so long is settled. */
  readonly idle_ms: number;
  /** More regions than this with `intent` are settled before they are idle. */
  readonly active_regions: number;
  /** How long an attach waits for a member of the set that may know more. */
  readonly patience_ms: number;
  /** An attach without progress gives up. */
  readonly attach_ms: number;
  /** A reservation whose record did not change for so long may be passed. */
  readonly pass_ms: number;
  /** A reservation that waits on purpose is renewed so often. */
  readonly hold_ms: number;
  /** A replica whose machine does not even answer for so long is not waited for where others are there. */
  readonly reach_ms: number;
  /** A fenced replica whose operations do not settle for so long counts as unreachable. */
  readonly fence_ms: number;
}

export const TIMING: Timing = {
  grant_ms: 3_000, grant_margin_ms: 300, renew_ms: 700, request_ms: 8_000, reopen_ms: 1_000, retry_ms: 500, idle_ms: 10_000, active_regions: 512,
  patience_ms: 30_000, attach_ms: 15_000, pass_ms: 30_000, hold_ms: 5_000, reach_ms: 700, fence_ms: 10_000,
};
