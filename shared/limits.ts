/** Every limit of the protocol, with its unit in the name. PROTOCOL.md lists them; test/protocol/document.test.ts holds both together. */
export const limits = {
  /** A login frame, the only one that is read before a key is known. */
  loginFrameMaxBytes: 1_024,
  /** Any other frame, in both directions. */
  frameMaxBytes: 262_144,
  /** Events in one frame. */
  eventsPerFrameMax: 500,
  /** Jails in one digest frame. */
  jailsPerFrameMax: 500,
  /** Networks that one digest frame offers as the jails' `ignoreip`. */
  ignoreipMax: 256,
  /** Jails that one client may have reports of: as many as it can compare. */
  jailsPerClientMax: 500,
  /** Entries in one part of a jail's list, and parts of one list. */
  entriesPerPartMax: 2_000,
  partsMax: 64,
  /** Networks that one `settled` names as unlisted, and that one `missing` names: the longest ones just fit into a frame. */
  unlistedMax: 5_000,
  /** Reports in one answer: those of the longest names just fit into a frame. */
  reportsPerAnswerMax: 1_500,
  /** Reports in one frame of the feed, new and ended ones each: those of the longest names and labels just fit. */
  feedReportsPerFrameMax: 400,
  /** Filters of one subscription, and patterns in one list of a filter. */
  filtersMax: 16,
  filterPatternsMax: 100,
  /** Enforcers of one host that it may tell of. */
  enforcersMax: 32,
  /** Labels of one report, and characters of all of them together. */
  labelsMax: 8,
  labelsMaxCharacters: 256,
  /** How long a connection may stand without a login; from an address by which a host is known, longer: a thousand come at once. */
  loginMaxMs: 10_000,
  loginKnownMaxMs: 15_000,
  /** Connections without a login at once, over all and from one address (a /64 counts as one). */
  strangersMax: 1_024,
  strangersPerAddressMax: 256,
  /** The same from addresses by which hosts are known, beside the others. */
  strangersKnownMax: 2_048,
  /** Connections at once, over all. */
  connectionsMax: 20_000,
  /** Connections of one client at once. */
  connectionsPerClientMax: 8,
  /** Frames of one connection that wait for their answer; past that its socket is not read. */
  framesInFlightMax: 16,
  /** Bytes waiting in one connection's way out; past that its socket is not read. */
  outgoingMaxBytes: 1_048_576,
  /** Frames a second of one client over time, and at once. */
  framesPerSecondMax: 2_000,
  framesBurstMax: 4_000,
  /** Events and list entries a second of one client over time, and at once; 8 reports looked through count as one. */
  eventsPerSecondMax: 20_000,
  eventsBurstMax: 200_000,
  /** A ping after so much silence; the connection ends when twice this passes without a sign. */
  heartbeatMs: 20_000,
  /** Events and list entries that share one commit; of more that wait, each client has its turn. */
  eventsPerCommitMax: 500,
  /** Longest finite time to live of a ban: 100 years. */
  ttlMaxSeconds: 3_153_600_000,
  jailMaxCharacters: 64,
  clientMaxCharacters: 64,
} as const;
