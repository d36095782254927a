/** WebSocket close codes (RFC 6455 §7.4) that either end sends, and whether connecting again can help by itself. */
export const closeCodes = {
  /** Orderly stop of the server or the agent. */
  goingAway: 1001,
  /** A frame over the limit (sent by ws itself). */
  tooLong: 1009,
  /** Not a frame of this protocol. */
  malformed: 4400,
  /** Unknown client, key or MAC: the same answer for all three. */
  unauthenticated: 4401,
  /** The client or this key was revoked while connected. */
  revoked: 4403,
  /** No login in time. */
  loginTimeout: 4408,
  /** A frame seen before, reordered, reflected or altered. */
  replayed: 4409,
  /** A newer connection of this client took the place of this one, or too many frames. */
  tooMany: 4429,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
