import type { Said } from '../../../shared/finding.ts';
import type { LossFacts, RunningServer } from '../facts/read-running-server.ts';

const accept = 'fail2networkban-server accept-loss';

/** What was written and is lost, until the operator accepts it. */
export function judgeLosses({ losses }: Pick<RunningServer, 'losses'>): readonly Said[] {
  return losses.map((loss) => ({ level: 'broken', code: 'ledger-loss', fact: loss.text, ...adviceOn(loss) }));
}

function adviceOn({ about, holdsBack }: LossFacts): Pick<Said, 'consequence' | 'command'> {
  switch (about) {
    case 'record':
      return holdsBack ? ofProtection : ofRecord;
    case 'note':
      return {
        consequence: 'all that the ledger holds counts; whether it lacks what was written last cannot be told',
        command: `mend what the file cannot be used for, or move it away; then: ${accept}`,
      };
    case 'identity':
      return {
        consequence: 'bans, whitelist and hosts are all there; under another id, its entries in firewalls are strays',
        command: `fail2networkban-server status names strays, to adopt or to clear; then: ${accept}`,
      };
    case 'decisions':
      return {
        consequence:
          'a panic, unban or allow may be lost with it: bans are recorded, but no new one is put into force until accept-loss',
        command: `decide again (panic, unban, allow add); then: ${accept}`,
      };
  }
}

const ofProtection = {
  consequence:
    'what protected from bans may be lost with it: bans are recorded, but no new one is put into force until accept-loss; lists and feeds wait',
  command: `fail2networkban-server allow list; add what is missing, or restore a backup (README: The ledger); then: ${accept}`,
};

const ofRecord = {
  consequence:
    'it does not count any more; firewalls keep what the ledger does not know, hosts report again what their jails hold',
  command: `look at what is left, or restore a backup (README: The ledger); then: ${accept}`,
};
