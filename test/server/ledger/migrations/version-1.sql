-- A ledger of version 1, as sqlite3's .dump tells it, with the two pragmas that it leaves out.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE history (
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, network TEXT, client TEXT, jail TEXT,
  source TEXT, reported_at INTEGER, ends_at INTEGER, labels TEXT, actor TEXT, reason TEXT,
  stands INTEGER NOT NULL
);
INSERT INTO history VALUES(5,1788264001000,'reported','198.51.100.1','web1','sshd','jail',1788264000000,1789128000000,NULL,NULL,NULL,0);
INSERT INTO history VALUES(6,1788264001000,'reported','198.51.100.2','web1','sshd','jail',1788264000000,NULL,NULL,NULL,NULL,1);
INSERT INTO history VALUES(7,1788264001000,'reported','198.51.100.2','web2','sshd','jail',1788264000000,NULL,NULL,NULL,NULL,1);
INSERT INTO history VALUES(8,1788264001000,'reported','2001:db8:1::/48','web2','nginx-limit','hand',1788264000000,NULL,'rack=7,site=fra1 a',NULL,NULL,1);
INSERT INTO history VALUES(9,1788264001000,'reported','203.0.113.0/24','operator','manual','hand',1788264000000,NULL,NULL,NULL,NULL,1);
INSERT INTO history VALUES(10,1788264001000,'reported','198.51.100.3','web1','sshd','jail',1788264000000,1788350400000,NULL,NULL,NULL,0);
INSERT INTO history VALUES(11,1788264001000,'reported','198.51.100.4','web1','sshd','jail',1788264000000,NULL,NULL,NULL,NULL,0);
INSERT INTO history VALUES(12,1788264002000,'reported','198.51.100.1','web1','sshd','jail',1788264002000,1789992000000,NULL,NULL,'prolonged',1);
INSERT INTO history VALUES(13,1788264002000,'reported','198.51.100.5','web2','sshd','jail',1788264000000,NULL,NULL,NULL,'listed',1);
INSERT INTO history VALUES(14,1788264002000,'withdrawn','198.51.100.4','web1','sshd','jail',1788264000000,NULL,NULL,'operator','lifted',1);
INSERT INTO history VALUES(15,1788264002000,'withdrawn','198.51.100.3','web1','sshd','jail',1788264000000,1788350400000,NULL,NULL,'unban',0);
INSERT INTO history VALUES(16,1788264003000,'allowed','192.0.2.7',NULL,NULL,NULL,NULL,1790856000000,NULL,'operator','the office''s, „Büro“',0);
INSERT INTO history VALUES(17,1788264003000,'allowed','2001:db8:ffff::/48',NULL,NULL,NULL,NULL,NULL,NULL,'operator','',0);
INSERT INTO history VALUES(18,1788264003000,'allowed','192.0.2.8',NULL,NULL,NULL,NULL,NULL,NULL,'web2','',0);
INSERT INTO history VALUES(19,1788264003000,'disallowed','192.0.2.8',NULL,NULL,NULL,NULL,NULL,NULL,'operator','removed',0);
INSERT INTO history VALUES(20,1788264003000,'revoked',NULL,'gone',NULL,NULL,NULL,NULL,NULL,'operator',NULL,0);
INSERT INTO history VALUES(21,1788264003000,'paused',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'operator',NULL,0);
INSERT INTO history VALUES(22,1788264004000,'reported','198.51.100.9','web1','sshd','jail',1788264000000,NULL,NULL,NULL,NULL,0);
INSERT INTO history VALUES(23,1788264005000,'withdrawn','198.51.100.9','web1','sshd','jail',1788264000000,NULL,NULL,'server','whitelisted',0);
CREATE TABLE whitelist (
  network TEXT PRIMARY KEY, added_at INTEGER NOT NULL, ends_at INTEGER, note TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO whitelist VALUES('192.0.2.7',1788264003000,1790856000000,'the office''s, „Büro“');
INSERT INTO whitelist VALUES('2001:db8:ffff::/48',1788264003000,NULL,'');
CREATE TABLE client (
  name TEXT PRIMARY KEY, may TEXT NOT NULL, jails TEXT NOT NULL, follows TEXT NOT NULL, sources TEXT NOT NULL,
  description TEXT NOT NULL, added_at INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO client VALUES('portal','subscribe','*','*','192.0.2.0/24,2001:db8::1','',1788264000000);
INSERT INTO client VALUES('web1','ban,unban','*','*','','',1788264000000);
INSERT INTO client VALUES('web2','ban,unban,subscribe','sshd,nginx-*','sshd','','Büro, it''s "A"',1788264000000);
CREATE TABLE client_key (
  client TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, secret TEXT NOT NULL, ends_at INTEGER, PRIMARY KEY (client, id)
) WITHOUT ROWID;
INSERT INTO client_key VALUES('portal','http-001','http','abababababababababababababababababababababababababababababababab',NULL);
INSERT INTO client_key VALUES('web1','key-0001','frames','AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE',NULL);
INSERT INTO client_key VALUES('web2','key-0000','frames','AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM',1788350400000);
INSERT INTO client_key VALUES('web2','key-0002','frames','AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI',NULL);
CREATE TABLE stream (
  client TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, used_at INTEGER NOT NULL, PRIMARY KEY (client, id)
) WITHOUT ROWID;
INSERT INTO stream VALUES('web1','stream-0',4,1788264002000);
INSERT INTO stream VALUES('web1','stream-1',9,1788264002000);
INSERT INTO stream VALUES('web2','stream-0',9007199254740991,1788264002000);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO setting VALUES('id','1f198ce038421ae4');
INSERT INTO setting VALUES('paused','yes');
INSERT INTO setting VALUES('sequence','23');
CREATE INDEX standing ON history (sequence) WHERE stands = 1;
CREATE VIEW report AS
  SELECT network, client, jail, source, reported_at, ends_at, labels, kind = 'withdrawn' AS is_lifted, sequence
  FROM history WHERE stands = 1;
COMMIT;
PRAGMA application_id = 1714581090;
PRAGMA user_version = 1;
