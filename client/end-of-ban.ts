/** How far fail2ban's time of a failure may lie behind: an agent that was away a week still sees when bans ended. */
const oldestMs = 7 * 86_400_000;
/** And ahead, for a clock that was set back meanwhile. */
const newestMs = 60_000;

/**
 * When a ban ends. fail2ban itself ends it `bantimeSeconds` after the time of the failure, so that is taken as long as
 * the time can be one of this host's clock; otherwise the ban counts from now.
 *
 * @param bantimeSeconds null is permanent
 * @param failedAt fail2ban's `<time>`, milliseconds since the epoch
 * @returns milliseconds since the epoch, null for never
 */
export function endOfBan(bantimeSeconds: number | null, failedAt: number, nowMs: number): number | null {
  if (bantimeSeconds === null) return null;
  const isPlausible = failedAt <= nowMs + newestMs && failedAt >= nowMs - oldestMs;
  return Math.round((isPlausible ? failedAt : nowMs) + bantimeSeconds * 1_000);
}
