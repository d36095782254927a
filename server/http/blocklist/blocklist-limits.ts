/** Every limit of the blocklists, with its unit in the name. */
export const blocklistLimits = {
  /** Networks in one list; where there are more, the reader keeps what it has. As many as an ipset of ours holds. */
  entriesMax: 1_048_576,
  /** Lists that are kept for whoever asks for the same. */
  copiesMax: 32,
  copiesMaxBytes: 33_554_432,
  /** How old a list may be that says in seconds how long its entries have left. */
  secondsCopyMaxMs: 10_000,
  /** Bans or lines that are handled before others have a turn: a few milliseconds of work. */
  perTurn: 4_000,
} as const;
