import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecisionFile } from '../../../server/rescue/decision-file.ts';
import { findLeftOut } from '../../../server/rescue/left-out.ts';
import { serveLocalSocket } from '../../../shared/host/local-socket.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { network } from '../samples.ts';

const lifted = { kind: 'lifted', network: network('203.0.113.1'), actor: 'operator' } as const;
const copy = { ledger: 'a1', decided: 7 };

testWithEnding('finds in the files, while no server runs, what a copy cannot have', async (context) => {
  const folder = await makeFolder(context);
  const find = async () => (await findLeftOut(join(folder, 'ledger.db'), join(folder, 'admin.sock')))(copy);
  assert.deepEqual(await find(), { decisions: [], doubts: [] });
  const left = { decisions: [{ kind: 'lifted', network: '203.0.113.1' }], doubts: [] };
  for (const [ledger, number, expected] of [
    ['a1', 8, left],
    ['a1', 7, { decisions: [], doubts: [] }],
    ['another', 7, left],
  ] as const) {
    await new DecisionFile([folder]).save({ ledger, decisions: [{ number, decision: lifted }] });
    assert.deepEqual(await find(), expected, `${ledger} ${number}`);
  }
});

testWithEnding(
  'doubts a copy when the file that may keep decisions is damaged, or the server does not say',
  async (context) => {
    const folder = await makeFolder(context);
    const [database, socket] = [join(folder, 'ledger.db'), join(folder, 'admin.sock')];
    await writeFile(join(folder, 'decisions.json'), '{}');
    const { doubts } = (await findLeftOut(database, socket))(copy);
    assert.deepEqual(doubts, [`${join(folder, 'decisions.json')} cannot be read: it is damaged`]);
    const broken = () => Promise.reject(new Error('out of order'));
    const close = await serveLocalSocket(socket, new Map([['status', broken]]));
    context.after(close);
    assert.match((await findLeftOut(database, socket))(copy).doubts.join(), /the server does not say: out of order/);
  },
);
