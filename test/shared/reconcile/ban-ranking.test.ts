import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BanRanking, type RankedBan } from '../../../shared/reconcile/ban-ranking.ts';

interface NamedBan extends RankedBan {
  readonly name: string;
}

function ban(name: string, order: number, ...clients: readonly string[]): NamedBan {
  return { name, order, claims: clients.map((client) => ({ client, sequence: order })), isOperators: false };
}

function operatorsBan(name: string, order: number): NamedBan {
  return { ...ban(name, order, 'operator'), isOperators: true };
}

/** The names in the order in which more and more room takes them in. */
function orderOf(bans: readonly NamedBan[]): string[] {
  const ranking = new BanRanking(bans);
  const kept = new Set<string>();
  for (let count = 1; count <= bans.length; count += 1) for (const { name } of ranking.best(count)) kept.add(name);
  return [...kept];
}

describe('BanRanking', () => {
  it('keeps the operator’s first, then each client’s newest, then each one’s second newest', () => {
    const bans = [
      ...['a1', 'a2', 'a3', 'a4'].map((name, at) => ban(name, 100 - at, 'a')),
      ...['b1', 'b2'].map((name, at) => ban(name, 50 - at, 'b')),
      ban('c1', 1, 'c'),
      operatorsBan('old', 2),
      operatorsBan('new', 3),
    ];
    assert.deepEqual(orderOf(bans), ['new', 'old', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('gives a ban of several clients the best place that one of them gives it', () => {
    const bans = [ban('a1', 9, 'a'), ban('a2', 8, 'a'), ban('shared', 7, 'a', 'b'), ban('b2', 6, 'b')];
    assert.deepEqual(orderOf(bans), ['shared', 'a1', 'a2', 'b2']);
  });

  it('keeps within a round first what more clients report, then the newest', () => {
    const bans = [ban('a1', 9, 'a'), ban('b1', 8, 'b'), ban('two', 3, 'c', 'd'), ban('three', 2, 'e', 'f', 'g')];
    assert.deepEqual(orderOf(bans), ['three', 'two', 'a1', 'b1']);
  });

  it('counts a client once that reports a network for several jails', () => {
    const bans = [ban('a1', 9, 'a', 'a'), ban('a2', 8, 'a', 'a'), ban('b1', 7, 'b'), ban('b2', 6, 'b')];
    assert.deepEqual(orderOf(bans), ['a1', 'b1', 'a2', 'b2']);
  });

  it('tells bans of one number apart, as those that two servers told of', () => {
    const bans = [ban('a1', 5, 'a'), ban('a2', 5, 'a'), ban('a3', 5, 'a'), ban('b1', 5, 'b')];
    assert.equal(new BanRanking(bans).best(2).filter(({ name }) => name === 'b1').length, 1);
    for (const count of [1, 2, 3]) assert.equal(new BanRanking(bans).best(count).length, count);
  });

  it('keeps all of each client that holds no more than its share of the room, whatever others hold', () => {
    const property = fc.property(someBans(), fc.nat(40), (bans, room) => {
      const kept = new Set(new BanRanking(bans).best(room));
      assert.equal(kept.size, Math.min(room, bans.length));
      const operators = bans.filter(({ isOperators }) => isOperators);
      if (operators.length > room) return;
      const clients = clientsOf(bans);
      const share = Math.floor((room - operators.length) / clients.length);
      for (const client of clients) {
        const own = bansOf(bans, client);
        const within = own.slice(0, share);
        assert.deepEqual(
          within.filter((each) => !kept.has(each)),
          [],
          `${client} has room for ${share}`,
        );
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('is max-min fair: nobody has a ban left out while another keeps an older round', () => {
    const property = fc.property(someBans(1), fc.nat(40), (bans, room) => {
      const others = bans.filter(({ isOperators }) => !isOperators);
      const kept = new Set(new BanRanking(others).best(room));
      const counts = clientsOf(others).map((client) => {
        const own = bansOf(others, client);
        return { held: own.length, kept: own.filter((each) => kept.has(each)).length };
      });
      const most = Math.max(0, ...counts.map((each) => each.kept));
      for (const each of counts) assert.ok(each.kept === each.held || each.kept >= most - 1);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('never takes out a ban because there is more room', () => {
    const property = fc.property(someBans(), fc.nat(40), (bans, room) => {
      const ranking = new BanRanking(bans);
      const more = new Set(ranking.best(room + 1));
      assert.deepEqual(
        ranking.best(room).filter((each) => !more.has(each)),
        [],
      );
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('leaves the others what they had within their share when one client bans more', () => {
    const property = fc.property(someBans(1), fc.nat(40), fc.integer({ min: 1, max: 60 }), (bans, room, more) => {
      const honest = bans.filter(({ isOperators, claims }) => !isOperators && claims[0]?.client !== 'flood');
      const flood = Array.from({ length: more }, (_, at) => ban(`f${at}`, 1_000 + at, 'flood'));
      const kept = new BanRanking([...honest, ...flood]).best(room).filter(({ name }) => !name.startsWith('f'));
      const share = Math.floor(room / (clientsOf(honest).length + 1));
      const own = clientsOf(honest).map((client) => Math.min(bansOf(honest, client).length, share));
      assert.ok(kept.length >= own.reduce((sum, count) => sum + count, 0));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

function clientsOf(bans: readonly NamedBan[]): string[] {
  return [...new Set(bans.flatMap(({ claims }) => claims.map(({ client }) => client)))];
}

/** One client's bans, newest first. */
function bansOf(bans: readonly NamedBan[], client: string): NamedBan[] {
  return bans.filter(({ claims }) => claims.some((claim) => claim.client === client)).sort((a, b) => b.order - a.order);
}

/** Bans of few clients, each of its own number. */
function someBans(clientsMax = 3): fc.Arbitrary<NamedBan[]> {
  const client = fc.constantFrom('web1', 'web2', 'web3', 'web4', 'flood');
  const some = fc.record({ clients: fc.array(client, { minLength: 1, maxLength: clientsMax }), hand: fc.nat(9) });
  return fc.array(some, { maxLength: 40 }).map((all) =>
    all.map(({ clients, hand }, at) => ({
      ...ban(`n${at}`, at + 1, ...(hand === 0 ? ['operator'] : clients)),
      isOperators: hand === 0,
    })),
  );
}
