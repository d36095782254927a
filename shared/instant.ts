/** An instant, milliseconds since the epoch, as a person reads it: `2026-01-31 08:05:00`, in UTC, which the words around it say. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
