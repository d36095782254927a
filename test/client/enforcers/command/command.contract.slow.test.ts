import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCommand } from '../../../../client/enforcers/command/command.ts';
import { describeEnforcer } from '../../../contracts/enforcer-contract.ts';
import { keptLog, readSection } from './command-under-test.ts';

/** A firewall of files: one for each network, with `_` for the slash. */
const program = `
case $2 in */*) file=$1/\${2%/*}_\${2#*/} ;; *) file=$1/$2 ;; esac
case $3 in ban) : > "$file" ;; unban) rm "$file" ;; esac
`;

for (const atOnce of [1, 4]) {
  describeEnforcer({
    name: `a command, ${atOnce} at once`,
    isShared: false,
    start: async (clock) => {
      const folder = mkdtempSync(join(tmpdir(), 'f2nb-command-'));
      const [script, files, record] = ['program.sh', 'files', 'command-test.jsonl'].map((name) => join(folder, name));
      if (script === undefined || files === undefined || record === undefined) throw new Error('three paths');
      mkdirSync(files);
      writeFileSync(script, program);
      const settings = await readSection(`argv = /bin/sh ${script} ${files} {network} {verb}\nat_once = ${atOnce}`);
      const describe = () => ({ jail: 'sshd', client: 'web1', labels: {}, reason: '' });
      return {
        enforcer: openCommand(settings, { stateDirectory: folder, clock, describe, log: keptLog().log }),
        spellings: () =>
          readdirSync(files)
            .map((name) => name.replace('_', '/'))
            .sort(),
        remove: (spelling) => {
          rmSync(join(files, spelling.replace('/', '_')));
          const lines = readFileSync(record, 'utf8').split('\n');
          writeFileSync(record, lines.filter((line) => !line.includes(`"${spelling}"`)).join('\n'));
        },
        close: () => {
          rmSync(folder, { recursive: true });
          return Promise.resolve();
        },
      };
    },
  });
}
