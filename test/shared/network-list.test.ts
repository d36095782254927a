import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNetworkList } from '../../shared/network-list.ts';

test('reads one network a line, past comments and blanks', () => {
  const text = '# office\n192.0.2.0/24  # all of it\n\n\t2001:DB8::1\r\n';
  assert.deepEqual(parseNetworkList(text), { networks: ['192.0.2.0/24', '2001:db8::1'], names: [], wrong: [] });
});

test('names the lines that hold something else', () => {
  const { networks, names, wrong } = parseNetworkList('192.0.2.1\noffice.example\n192.0.2.1 192.0.2.2\n');
  assert.deepEqual(networks, ['192.0.2.1']);
  assert.deepEqual(names, ['office.example']);
  assert.deepEqual(wrong, [{ line: 3, text: '192.0.2.1 192.0.2.2' }]);
});
