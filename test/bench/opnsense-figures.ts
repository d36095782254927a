import { Agent, request } from 'node:https';
import { openFirewalls } from '../../server/enforcers/create-enforcer.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Enforcer, Step } from '../../shared/enforcer.ts';
import type { Network } from '../../shared/network.ts';
import { EmulatedOpnsense, emulatedKey } from '../emulators/opnsense/emulated-opnsense.ts';
import { settingsFor } from '../server/enforcers/opnsense/opnsense-under-test.ts';
import { atLeastOfPeer, atMost, type Bench } from './figure.ts';
import { addresses } from './networks.ts';
import type { Place } from './place.ts';

const total = 10_000;
/** Of the way that is compared with: each call costs more than the one before it, so this flatters it. */
const ofPeer = 2_000;
const signal = new AbortController().signal;

/** An empty alias gets 10,000 bans, and some of them as a script would send them: a call and a connection for each. */
export const opnsenseFigures: Bench = {
  name: 'opnsense',
  measure: async (place) => {
    const network = await fill(place, 'network');
    const external = await fill(place, 'external');
    const networkPeer = await fillByScript(place, 'network');
    const externalPeer = await fillByScript(place, 'external');
    const note =
      'the emulated OPNsense takes no time of its own but for writing its configuration; the real one was not measured';
    return [
      atMost({ name: 'opnsense: 10,000 networks', value: network.calls, unit: 'calls', note: 'listing included' }, 10),
      atLeastOfPeer(
        {
          name: 'opnsense: filling networks',
          value: network.rate,
          unit: 'bans/s',
          peer: { name: 'one call an address', value: networkPeer },
          note,
        },
        20,
      ),
      atLeastOfPeer(
        {
          name: 'opnsense: filling external',
          value: external.rate,
          unit: 'bans/s',
          peer: { name: 'one connection an address', value: externalPeer },
          note,
        },
        1.2,
      ),
    ];
  },
};

type AliasType = 'external' | 'network';

async function fill(place: Place, aliasType: AliasType): Promise<{ readonly rate: number; readonly calls: number }> {
  const opnsense = await start(place, `${aliasType}-by-server`, aliasType);
  const [firewall] = openFirewalls(settingsFor(opnsense, { aliasType }), {
    clock: systemClock,
    random: () => 1,
    soon: setImmediate,
    marks: new OwnMarks(['test']),
  });
  if (firewall === undefined) throw new Error('there is no enforcer');
  const { enforcer } = firewall;
  place.atEnd(() => enforcer.close());
  const startedMs = performance.now();
  await enforcer.list(signal);
  for (const steps of batches(enforcer)) await enforcer.apply(steps, signal);
  const rate = (total * 1_000) / (performance.now() - startedMs);
  const held = opnsense.table('blocklist').length;
  if (held !== total) throw new Error(`${held} of ${total} are held`);
  return { rate, calls: opnsense.calls.length };
}

/** As a reconciler would hand them over. */
function batches({ stepsPerCall, bulkFrom = Number.POSITIVE_INFINITY }: Enforcer): readonly (readonly Step[])[] {
  const steps = addresses(total).map(
    (network): Step => ({ verb: 'add', entry: { network, order: 0, endsAt: Number.POSITIVE_INFINITY, note: '' } }),
  );
  const size = steps.length >= bulkFrom ? steps.length : stepsPerCall;
  return Array.from({ length: Math.ceil(total / size) }, (_, at) => steps.slice(at * size, (at + 1) * size));
}

async function fillByScript(place: Place, aliasType: AliasType): Promise<number> {
  const opnsense = await start(place, `${aliasType}-by-script`, aliasType);
  const startedMs = performance.now();
  for (const network of addresses(ofPeer)) await addOnce(opnsense, network);
  const rate = (ofPeer * 1_000) / (performance.now() - startedMs);
  const held = opnsense.table('blocklist').length;
  if (held !== ofPeer) throw new Error(`${held} of ${ofPeer} are held`);
  return rate;
}

function addOnce({ port, caPem: ca }: EmulatedOpnsense, address: Network): Promise<void> {
  const path = '/api/firewall/alias_util/add/blocklist';
  const headers = { 'content-type': 'application/json' };
  const agent = new Agent({ keepAlive: false, ca });
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, path, method: 'POST', headers, auth: emulatedKey };
    const outgoing = request(options, (incoming) => {
      incoming.resume().on('end', resolve);
    });
    outgoing.on('error', reject).end(JSON.stringify({ address }));
  });
}

async function start(place: Place, name: string, type: AliasType): Promise<EmulatedOpnsense> {
  const opnsense = await EmulatedOpnsense.start({
    dir: `${place.dir}/${name}`,
    aliases: [{ name: 'blocklist', type }],
  });
  place.atEnd(() => opnsense.close());
  return opnsense;
}
