import { MemoryLedger } from '../../../server/ledger/memory-ledger.ts';
import { ledgerContract } from '../../contracts/ledger-contract.ts';

ledgerContract('a ledger in memory', () => Promise.resolve(new MemoryLedger()));
