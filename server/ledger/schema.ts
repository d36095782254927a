/** `PRAGMA user_version` of the file before any migration; `migrations/` says what was added since. */
export const firstVersion = 1;

/** `PRAGMA application_id` of the file, "f2nb": no other program's database is taken for a ledger. */
export const applicationId = 0x66326e62;

/**
 * Tables of version 1. They stay as they were released: a new ledger too is made of these and of all migrations.
 *
 * Times are milliseconds since the epoch; an `ends_at` of NULL is permanent, an `actor` of NULL the client itself; `labels` are
 * `site=fra1,rack=7`; the `secret` of a key of kind `http` is the SHA-256 of its token.
 *
 * A report is the change that made it, as long as it stands: a new ban is one row at the end of one table, whose page the
 * ban before has already touched. A table of reports by network would touch a page of its own for each of them, which
 * made commits three times as dear.
 */
export const schema = `
CREATE TABLE history (
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, network TEXT, client TEXT, jail TEXT,
  source TEXT, reported_at INTEGER, ends_at INTEGER, labels TEXT, actor TEXT, reason TEXT,
  stands INTEGER NOT NULL
);
CREATE INDEX standing ON history (sequence) WHERE stands = 1;
CREATE VIEW report AS
  SELECT network, client, jail, source, reported_at, ends_at, labels, kind = 'withdrawn' AS is_lifted, sequence
  FROM history WHERE stands = 1;
CREATE TABLE whitelist (
  network TEXT PRIMARY KEY, added_at INTEGER NOT NULL, ends_at INTEGER, note TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE client (
  name TEXT PRIMARY KEY, may TEXT NOT NULL, jails TEXT NOT NULL, follows TEXT NOT NULL, sources TEXT NOT NULL,
  description TEXT NOT NULL, added_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE client_key (
  client TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, secret TEXT NOT NULL, ends_at INTEGER, PRIMARY KEY (client, id)
) WITHOUT ROWID;
CREATE TABLE stream (
  client TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, used_at INTEGER NOT NULL, PRIMARY KEY (client, id)
) WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO setting VALUES ('id', lower(hex(randomblob(8)))), ('sequence', '0'), ('paused', 'no');
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${firstVersion};
`;
