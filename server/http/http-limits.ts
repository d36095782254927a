/** Every limit of HTTP, with its unit in the name; those of connections without a login hold here too. */
export const httpLimits = {
  /** Path and query of a request. */
  urlMaxCharacters: 2_048,
  /** Header lines of a request, all together. */
  headersMaxBytes: 8_192,
  bodyMaxBytes: 65_536,
  /** Of a body that is not looked at, as counts of CrowdSec's bouncers. */
  discardedMaxBytes: 1_048_576,
  /** What of an answer waits for a reader that is slow. */
  pieceMaxBytes: 65_536,
  /** Of long answers that their readers have not read yet, all together, each body once; beyond it whoever holds most is cut. */
  unreadMaxBytes: 33_554_432,
  /** How long the headers, and a whole request, may take to arrive. */
  headersMaxMs: 10_000,
  requestMaxMs: 30_000,
  /** How often it is looked whether one of them takes longer. */
  checkMs: 5_000,
  /** How long a connection may wait for the next request, or stand still while its answer is sent. */
  idleMaxMs: 60_000,
  /** Requests of one client at once. */
  requestsPerClientMax: 16,
  /** Connections of one client at once. */
  connectionsPerClientMax: 16,
  /** Bans, or entries of history, on one page, and when nothing is said. */
  pageMax: 1_000,
  pageDefault: 100,
  /** Jails, clients or networks that are counted in one answer. */
  countsMax: 1_000,
  /** So many bans looked through for an answer take as much of a client's rate as one event. */
  bansPerEvent: 16,
  /** What a look through history takes of it, in events: a million entries take the machine a second, beside the bans. */
  historyCost: 5_000,
} as const;
