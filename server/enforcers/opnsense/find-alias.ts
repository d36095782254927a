import { EnforcerError } from '../../../shared/errors.ts';
import type { AnswerError } from '../answer-error.ts';
import type { OwnMarks } from '../ownership/ledger-mark.ts';
import { withKeeper } from './alias-mark.ts';
import { markOwn, refuseOthers } from './keep-alias.ts';
import { lookForAlias } from './look-for-alias.ts';
import type { Alias, AliasType } from './opnsense-answers.ts';
import type { OpnsenseApi } from './opnsense-api.ts';
import { privileges } from './opnsense-errors.ts';

/** An alias that was given to fail2networkban. */
export interface OwnAlias {
  readonly name: string;
  readonly type: AliasType;
  /** Whether it may be made when it is not there. */
  readonly mayCreate: boolean;
  /** Its description carries the first of them. */
  readonly marks: OwnMarks;
}

/**
 * The alias as it is configured, made when it is not there and may be made, and marked as this ledger's.
 *
 * @returns undefined when the key may not look at aliases, but pf has a table of this name; only of type external
 * @throws EnforcerError `denied` when it is missing, switched off, another ledger's, or of a type that is not ours to take over
 */
export async function findOwnAlias(api: OpnsenseApi, own: OwnAlias, signal: AbortSignal): Promise<Alias | undefined> {
  const sight = await lookForAlias(api, own, signal);
  if (sight.kind === 'hidden') return undefined;
  if (sight.kind === 'missing' && sight.refusal !== undefined) throw noTable(own, sight.refusal);
  const alias = sight.kind === 'found' ? sight.alias : await create(api, own, signal);
  if (alias.type !== own.type) {
    throw new EnforcerError(
      'denied',
      `the alias ${own.name} is of type ${alias.type}, not ${own.type}: name another in alias, or set alias_type`,
    );
  }
  refuseOthers(alias, own.marks);
  if (alias.isEnabled) return await markOwn(api, alias, own.marks, signal);
  throw new EnforcerError(
    'denied',
    `the alias ${own.name} is switched off: fail2networkban-server opnsense toggle ${own.name}`,
  );
}

async function create(api: OpnsenseApi, own: OwnAlias, signal: AbortSignal): Promise<Alias> {
  if (!own.mayCreate) {
    throw new EnforcerError(
      'denied',
      `there is no alias ${own.name}: make one of type ${own.type} (Firewall, Aliases), or set create = yes`,
    );
  }
  const description = withKeeper('fail2networkban', own.marks.own);
  await api.create({ name: own.name, type: own.type, description }, signal).catch((cause: unknown) => {
    if (!(cause instanceof EnforcerError && cause.code === 'rejected')) throw cause;
    throw new EnforcerError('denied', `the alias ${own.name} cannot be made`, { cause });
  });
  await api.reconfigure(signal);
  const made = await api.find(own.name, signal);
  if (made !== undefined) return made;
  throw new EnforcerError('retry', `the alias ${own.name} was neither there nor could it be made`);
}

/** With a key that may look at nothing but tables, and could make no alias either. */
function noTable({ name }: OwnAlias, cause: AnswerError): EnforcerError {
  return new EnforcerError(
    'denied',
    `pf has no table ${name}: make an alias of this name, type External, or give the key the privilege "${privileges.alias}" and set create = yes`,
    { cause },
  );
}
