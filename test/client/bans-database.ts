import Libsql from 'libsql/promise';

/** A row of fail2ban's table `bips`. */
export interface Row {
  readonly ip: string;
  readonly bannedAtSeconds: number;
  readonly bantime: number | string;
}

/** Makes a file equal to a database of fail2ban's that keeps these bans, by jail. */
export async function writeBans(
  file: string,
  jails: Readonly<Record<string, readonly (string | Row)[]>>,
): Promise<void> {
  const database = new Libsql(file, {});
  await database.exec('PRAGMA busy_timeout = 5000');
  await database.exec(
    'CREATE TABLE IF NOT EXISTS bips(ip TEXT, jail TEXT, timeofban INTEGER, bantime INTEGER, bancount INTEGER, data JSON); DELETE FROM bips',
  );
  const insert = await database.prepare('INSERT INTO bips(ip, jail, timeofban, bantime) VALUES (?, ?, ?, ?)');
  for (const [jail, rows] of Object.entries(jails)) {
    for (const row of rows) {
      const { ip, bannedAtSeconds, bantime } = typeof row === 'string' ? permanent(row) : row;
      insert.run(ip, jail, bannedAtSeconds, bantime);
    }
  }
  database.close();
}

function permanent(ip: string): Row {
  return { ip, bannedAtSeconds: 0, bantime: -1 };
}
