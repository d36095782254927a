import fc from 'fast-check';
import { addressBits, type Family, type Network, networkFrom } from '../../shared/network.ts';

const families = fc.constantFrom<Family>(4, 6);

/** Any network of either family, wide ones as often as narrow ones. */
export function anyNetwork(): fc.Arbitrary<Network> {
  return families.chain((family) =>
    fc
      .tuple(
        fc.bigInt({ min: 0n, max: (1n << BigInt(addressBits[family])) - 1n }),
        fc.integer({ min: 0, max: addressBits[family] }),
      )
      .map(([value, prefixLength]) => networkFrom(family, value, prefixLength)),
  );
}

/** Networks within 16 addresses of each family, so that they meet often. */
export function closeNetwork(): fc.Arbitrary<Network> {
  return fc
    .tuple(families, fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 4 }))
    .map(([family, last, width]) => {
      const base = family === 4 ? 0xc0000200n : 0x20010db8n << 96n;
      return networkFrom(family, base + BigInt(last), addressBits[family] - width);
    });
}
