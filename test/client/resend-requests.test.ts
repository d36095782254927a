import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ResendOutcome, ResendRequests } from '../../client/resend-requests.ts';

const notListed: ResendOutcome = { kind: 'not-listed', reason: 'none' };

it('a look that was under way answers nobody who asked after it began', async () => {
  const requests = new ResendRequests();
  const told: string[] = [];
  const early = requests.add('sshd', 10).then(({ kind }) => told.push(`early ${kind}`));
  const late = requests.add('sshd', 30).then(({ kind }) => told.push(`late ${kind}`));
  const unknown = requests.add('nginx', 30).then(({ kind }) => told.push(`nginx ${kind}`));
  assert.deepEqual(
    [requests.jailsFor(9), requests.jailsFor(20), requests.jailsFor(30)],
    [[], ['sshd'], ['sshd', 'nginx']],
  );
  requests.refuseUnknown(['sshd'], 20);
  requests.tell('sshd', notListed, 20);
  await early;
  assert.deepEqual([told, requests.isEmpty], [['early not-listed'], false]);
  requests.refuseUnknown(['sshd'], 40);
  requests.tell('sshd', notListed, 40);
  await Promise.all([late, unknown]);
  assert.deepEqual(told.slice(1).sort(), ['late not-listed', 'nginx unknown-jail']);
  assert.ok(requests.isEmpty);
});
