import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('emulate-proxmox.js', import.meta.url));

it('emulate-proxmox prints what a client needs, answers, and ends on SIGTERM', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'emulate-proxmox-'));
  t.after(() => rm(dir, { recursive: true }));
  const child = spawn(process.execPath, [PROGRAM, '--port', '0', '--dir', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const printed = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const space = line.indexOf(' ');
    printed.set(line.slice(0, space), line.slice(space + 1));
    if (line.startsWith('token root@pam!root=')) break;
  }
  const ca = await readFile(printed.get('ca-file') ?? '');
  const headers = { Authorization: `PVEAPIToken=${printed.get('token')}` };
  const request = get(`${printed.get('url')}/api2/json/version`, { ca, headers });
  const response: IncomingMessage = (await once(request, 'response'))[0];
  assert.equal(response.statusCode, 200);
  response.resume();
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

const misuse: readonly (readonly [words: readonly string[], said: RegExp])[] = [
  [['--port', '0'], /^--dir is missing\n\nusage: /],
  [['--dir', '/nowhere', '--port', '70000'], /^--port 70000: allowed is 0 to 65535\n\nusage: /],
  [['--dir', '/nowhere', '--plain-port', 'x'], /^--plain-port x: allowed/],
  [['--dri', '/nowhere'], /^Unknown option '--dri'.*\n\nusage: /],
  [['nonsense'], /^Unexpected argument 'nonsense'.*\n\nusage: /],
];
for (const [words, said] of misuse) {
  it(`emulate-proxmox ${words.join(' ')} says what is wrong and how to use it, with 64`, async () => {
    const { code, out, error } = await run(words);
    assert.deepEqual([code, out], [64, '']);
    assert.match(error, said);
    assert.doesNotMatch(error, /^ {4}at /m);
  });
}

it('emulate-proxmox says in one line that it cannot have its folder, with 1', async () => {
  const { code, error } = await run(['--dir', '/dev/null/pve']);
  assert.equal(code, 1);
  assert.match(error, /^ENOTDIR: .*\n$/);
});

it('emulate-proxmox --help prints its usage', async () => {
  const { code, out, error } = await run(['--help']);
  assert.deepEqual([code, error], [0, '']);
  assert.match(out, /^usage: emulate-proxmox --dir D/);
});

function run(words: readonly string[]): Promise<{ readonly code: number | null; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [PROGRAM, ...words], (_, out, error) => {
      resolve({ code: child.exitCode, out, error });
    });
  });
}
