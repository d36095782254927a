/** Every limit of HTTP, with its unit in the name; those of connections without a login hold here too. */
export const httpLimits = {
  /** Path and query of a request. */
  urlMaxCharacters: 2_048,
  /** Header lines of a request, all together. */
  headersMaxBytes: 8_192,
  bodyMaxBytes: 65_536,
  /** How long the headers, and a whole request, may take to arrive. */
  headersMaxMs: 10_000,
  requestMaxMs: 30_000,
  /** How long a connection may wait for the next request, or stand still while its answer is sent. */
  idleMaxMs: 60_000,
  /** Requests of one client at once. */
  requestsPerClientMax: 16,
  /** Connections of one client at once. */
  connectionsPerClientMax: 16,
} as const;
