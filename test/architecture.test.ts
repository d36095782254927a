import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '../shared/version.ts';
import { findViolations, type Source } from './architecture.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

async function readSources(folder: string): Promise<Source[]> {
  const entries = await readdir(join(top, folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  return Promise.all(
    files.map(async (file) => {
      const path = join(file.parentPath, file.name);
      return { path: relative(top, path), text: await readFile(path, 'utf8') };
    }),
  );
}

describe('the layout', () => {
  it('keeps sides apart and outside things with their owners', async () => {
    const sources = (await Promise.all(['client', 'server', 'shared'].map(readSources))).flat();
    assert.ok(sources.length > 100, `${sources.length} sources were read`);
    assert.deepEqual(findViolations(sources), []);
  });

  it('has nothing else at the top', async () => {
    const names = (await readdir(top)).filter((name) => !name.startsWith('.') && !made.includes(name));
    assert.deepEqual(names.sort(), expected);
  });

  it('says its version once', async () => {
    const { version: published }: { version: string } = JSON.parse(await readFile(join(top, 'package.json'), 'utf8'));
    assert.equal(version, published);
  });
});

/** What installing and building make; git does not know it. */
const made = ['node_modules', 'dist'];
const expected = [
  'LICENSE',
  'README.md',
  'client',
  'package-lock.json',
  'package.json',
  'server',
  'shared',
  'systemd',
  'test',
  'tsconfig.json',
];

describe('the check of the layout', () => {
  const faults: readonly (readonly [path: string, text: string, violation: RegExp])[] = [
    ['shared/plan.ts', "import { x } from '../server/policy/policy.ts';", /imports server\//],
    ['shared/plan.ts', "import { x } from '../client/agent.ts';", /imports client\//],
    ['client/lane.ts', "import type { X } from '../server/session.ts';", /imports server\//],
    ['server/session.ts', "const x = await import('../client/agent.ts');", /imports client\//],
    ['server/session.ts', "import { WebSocket } from 'ws';", /imports ws/],
    ['shared/frames.ts', "import { readFileSync } from 'node:fs';", /imports node:fs/],
    ['shared/frames.ts', "import {\n  connect,\n} from 'node:net';", /imports node:net/],
    ['server/intake.ts', "import left from 'left-pad';", /imports left-pad/],
    ['server/intake.ts', 'const at = Date.now();', /uses Date\.now/],
    ['client/courier.ts', 'setTimeout(() => go(), 10);', /uses setTimeout/],
    ['client/courier.ts', 'const at = new Date();', /uses new Date/],
    ['client/courier.ts', 'const now = Date.now;', /uses Date\.now/],
    ['client/courier.ts', 'const random = Math.random();', /uses Math\.random/],
    ['server/record.ts', 'setImmediate(() => commit());', /uses setImmediate/],
    ['client/courier.ts', 'process.exit(1);', /uses process\./],
    ['server/admin/ban-verbs.ts', 'draft.report(report);', /uses draft\.report/],
    ['server/clients.ts', 'let cache = 1;', /keeps state/],
  ];
  for (const [path, text, violation] of faults) {
    it(`sees ${text.replaceAll('\n', ' ')} in ${path}`, () => {
      const violations = findViolations([{ path, text }]);
      assert.equal(violations.length, 1, violations.join('\n'));
      assert.match(violations[0] ?? '', violation);
    });
  }

  it('takes words in comments and names of members for what they are', () => {
    const text =
      "// Date.now() is not for us\n/* process.exit */\nthis.process.exit();\nimport { isIP } from 'node:net';\n";
    assert.deepEqual(findViolations([{ path: 'shared/plan.ts', text }]), []);
  });
});
