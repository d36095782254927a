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
  const rows = Object.entries(jails).flatMap(([jail, each]) => each.map((row) => valuesOf(jail, row)));
  // On the library's thread: this one must go on, for whoever reads meanwhile to come to an end.
  if (rows.length > 0) await database.exec(`INSERT INTO bips(ip, jail, timeofban, bantime) VALUES ${rows.join(', ')}`);
  database.close();
}

function valuesOf(jail: string, row: string | Row): string {
  const { ip, bannedAtSeconds, bantime } = typeof row === 'string' ? permanent(row) : row;
  const cells = [quoted(ip), quoted(jail), bannedAtSeconds, typeof bantime === 'string' ? quoted(bantime) : bantime];
  return `(${cells.join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function permanent(ip: string): Row {
  return { ip, bannedAtSeconds: 0, bantime: -1 };
}
