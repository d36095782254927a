import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import type { ProtectedSet } from '../../../server/ledger/ledger.ts';
import { ProtectedAddresses } from '../../../server/policy/protected-addresses.ts';
import type { ProtectedSource } from '../../../server/protection/protected-source.ts';
import { ProtectedSources } from '../../../server/protection/protected-sources.ts';
import type { Network } from '../../../shared/network.ts';
import { ManualClock } from '../../manual-clock.ts';
import { network } from '../samples.ts';

type Answer = readonly string[] | 'nothing' | 'fails';

/** One source whose answers are played one after the other, on a ledger that may be full. */
class Played {
  readonly sets = new Map<string, ProtectedSet>();
  readonly clock = new ManualClock();
  isFull = false;
  changes = 0;
  gaps: readonly string[] = [];
  #answer: Answer = 'fails';
  #addresses = new ProtectedAddresses();
  #sources: ProtectedSources;
  readonly #traits: Partial<ProtectedSource>;
  readonly #without: readonly string[];

  constructor(traits: Partial<ProtectedSource> = {}, without: readonly string[] = []) {
    this.#traits = traits;
    this.#without = without;
    this.#sources = this.#open();
  }

  restart(): void {
    this.#addresses = new ProtectedAddresses();
    this.#sources = this.#open();
  }

  async read(answer: Answer): Promise<void> {
    this.#answer = answer;
    await this.#sources.read(new AbortController().signal);
  }

  get state(): string {
    const [state] = this.#sources.states;
    return `${state?.kind}${state?.failure === undefined ? '' : ', fails'}`;
  }

  get failingSinceMs(): number | undefined {
    return this.#sources.states[0]?.failure?.sinceMs;
  }

  get protected(): string[] {
    return this.#addresses.list().map(({ network: each }) => String(each));
  }

  #open(): ProtectedSources {
    const { clock } = this;
    return new ProtectedSources({
      sources: [{ name: 'a/b', reason: 'a test', read: () => this.#say(), unknown: () => this.gaps, ...this.#traits }],
      sets: [...this.sets.values()],
      addresses: this.#addresses,
      without: this.#without,
      ...{ clock, log: pino({ level: 'silent' }) },
      save: (set) => {
        if (!this.isFull) this.sets.set(set.source, set);
        return Promise.resolve(!this.isFull);
      },
      onGaps: () => undefined,
      onChange: () => {
        this.changes += 1;
      },
    });
  }

  #say(): Promise<readonly Network[] | undefined> {
    if (this.#answer === 'fails') return Promise.reject(new Error('no answer'));
    return Promise.resolve(this.#answer === 'nothing' ? undefined : this.#answer.map(network));
  }
}

describe('a source of what must not be banned', () => {
  const both = ['192.0.2.1', '2001:db8::/64'];
  const cases: readonly (readonly [
    name: string,
    play: readonly (Answer | 'restart')[],
    state: string,
    networks: readonly string[],
  ])[] = [
    ['that never answered is unread', ['fails'], 'unread, fails', []],
    ['that never answered is unread after a restart too', ['fails', 'restart', 'fails'], 'unread, fails', []],
    ['that answers at last is read', ['fails', both], 'read', both],
    ['that says that there are none is read', [[]], 'read', []],
    ['that has nothing of the kind is read', ['nothing'], 'read', []],
    ['that fails later keeps what it said', [both, 'fails'], 'read, fails', both],
    ['that has nothing of the kind any more keeps what it said', [both, 'nothing'], 'read', both],
    ['that does not answer after a restart keeps what it said', [both, 'restart', 'fails'], 'read, fails', both],
    ['that was not asked yet after a restart keeps what it said', [both, 'restart'], 'read', both],
    ['that said nothing before a restart is read', [[], 'restart', 'fails'], 'read, fails', []],
    ['that says less is believed', [both, ['192.0.2.1']], 'read', ['192.0.2.1']],
    ['that says less is believed after a restart too', [both, ['192.0.2.1'], 'restart'], 'read', ['192.0.2.1']],
  ];
  for (const [name, play, state, networks] of cases) {
    it(name, async () => {
      const played = new Played();
      for (const each of play) {
        if (each === 'restart') played.restart();
        else await played.read(each);
      }
      assert.deepEqual([played.state, played.protected], [state, networks]);
    });
  }

  it('is waived where the configuration goes on without it, or it is a guess, until it answers', async () => {
    for (const played of [new Played({}, ['a/b']), new Played({ isGuess: true })]) {
      await played.read('fails');
      assert.equal(played.state, 'waived, fails');
      await played.read(both);
      assert.deepEqual([played.state, played.protected], ['read', both]);
    }
  });

  it('keeps what it meant as long as something of it is not understood', async () => {
    const played = new Played();
    await played.read(both);
    played.gaps = ['laptop (no such alias)'];
    await played.read(['192.0.2.1']);
    assert.deepEqual(played.protected, both);
    played.gaps = [];
    await played.read(['192.0.2.1']);
    assert.deepEqual(played.protected, ['192.0.2.1']);
  });

  it('protects at once though the ledger is full, and is written down when it can be', async () => {
    const played = new Played();
    played.isFull = true;
    await played.read(both);
    assert.deepEqual([played.protected, played.sets.size], [both, 0]);
    played.isFull = false;
    await played.read(both);
    assert.deepEqual(played.sets.get('a/b')?.networks, both);
  });

  it('tells of its first answer and of each other one, and since when it fails', async () => {
    const played = new Played();
    await played.read([]);
    await played.read([]);
    assert.equal(played.changes, 1);
    await played.read(both);
    assert.equal(played.changes, 2);
    played.clock.advance(5_000);
    await played.read('fails');
    played.clock.advance(5_000);
    await played.read('fails');
    assert.equal(played.failingSinceMs, 5_000);
  });
});
