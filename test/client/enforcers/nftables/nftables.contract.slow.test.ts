import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after } from 'node:test';
import { openNftables } from '../../../../client/enforcers/nftables/nftables.ts';
import { nftRunner } from '../../../../client/enforcers/nftables/run-nft.ts';
import { describeEnforcer, type EnforcerSubject } from '../../../contracts/enforcer-contract.ts';
import { lastFirst } from '../../../ending.ts';
import { Namespace } from './namespace.ts';
import { owner } from './sample-owner.ts';

const ending = lastFirst({ after });

describeEnforcer(realNftables());

/** The real nft in a network namespace, with both hooks, so that each look compares both tables too. */
function realNftables(): EnforcerSubject {
  return {
    name: 'nftables',
    isShared: false,
    isTimed: true,
    start: async (clock) => {
      const namespace = await Namespace.make(ending);
      const nft = (words: string): string => {
        const [program, ...lead] = namespace.enter;
        return execFileSync(program, [...lead, 'nft', ...words.split(' ')], { encoding: 'utf8', timeout: 300_000 });
      };
      return {
        enforcer: openNftables(
          { hooks: ['host', 'bridge'] },
          { clock, run: nftRunner([...namespace.enter, 'nft']), owner },
        ),
        spellings: () => {
          const [host, bridge] = ['inet', 'bridge'].map((family) =>
            networksIn(nft(`list table ${family} fail2networkban`)),
          );
          assert.deepEqual(host, bridge);
          return host ?? [];
        },
        remove: (spelling) => {
          const [address = '', length = spelling.includes(':') ? '128' : '32'] = spelling.split('/');
          const set = `ipv${spelling.includes(':') ? 6 : 4}_${length}`;
          for (const family of ['inet', 'bridge'])
            nft(`delete element ${family} fail2networkban ${set} { ${address} }`);
        },
        close: () => Promise.resolve(),
      };
    },
  };
}

/** What `nft list table` shows in its sets, sorted. */
function networksIn(text: string): string[] {
  const sets = [...text.matchAll(/set ipv[46]_(\d+) \{([^{}]*)(?:\{([^}]*)\})?/g)];
  return sets
    .flatMap(([, length = '', , elements = '']) =>
      elements
        .split(',')
        .map((element) => element.trim().split(' ')[0] ?? '')
        .filter((address) => address !== '')
        .map((address) => (length === (address.includes(':') ? '128' : '32') ? address : `${address}/${length}`)),
    )
    .sort();
}
