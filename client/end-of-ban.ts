/** How far fail2ban's time of a failure may lie behind: an agent that was away a week still sees when bans ended. */
const oldestMs = 7 * 86_400_000;
/** And ahead, for a clock that was set back meanwhile. */
const newestMs = 60_000;
/** And behind, for a ban that was made a moment ago: further away, its clock is not this one, or an old log was read. */
const freshMs = 60_000;

/**
 * When a ban ends. fail2ban itself ends it `bantimeSeconds` after the time of the failure, so that is taken as long as the
 * time can be one of this host's clock. Otherwise the ban counts from now: two clocks are not compared to end it earlier.
 *
 * @param bantimeSeconds null is permanent
 * @param failedAt fail2ban's `<time>`, milliseconds since the epoch
 * @param isFresh the ban was handed over a moment ago
 * @returns milliseconds since the epoch, null for never
 */
export function endOfBan(
  bantimeSeconds: number | null,
  failedAt: number,
  { nowMs, isFresh }: { readonly nowMs: number; readonly isFresh: boolean },
): number | null {
  if (bantimeSeconds === null) return null;
  const isPlausible = failedAt <= nowMs + newestMs && failedAt >= nowMs - (isFresh ? freshMs : oldestMs);
  return Math.round((isPlausible ? failedAt : nowMs) + bantimeSeconds * 1_000);
}
