/** What can be done to an alias by hand. */
export type AliasVerb = 'list' | 'find' | 'add' | 'delete' | 'flush' | 'state' | 'toggle' | 'take-over';

export interface AliasUsage {
  readonly verb: AliasVerb;
  /** Its arguments. */
  readonly words: string;
  readonly description: string;
}

/** In the order of the help. */
export const aliasUsages: readonly AliasUsage[] = [
  { verb: 'list', words: '<alias>', description: 'what pf holds in it' },
  { verb: 'find', words: '<network>', description: 'which of our aliases hold it, or part of it' },
  {
    verb: 'add',
    words: '<alias> <network>',
    description: 'put one in; from an alias of ours the running server takes it out',
  },
  {
    verb: 'delete',
    words: '<alias> <network>',
    description: 'take one out; into an alias of ours the running server puts a ban again',
  },
  { verb: 'flush', words: '<alias>', description: 'empty it' },
  {
    verb: 'state',
    words: '<alias>',
    description: 'type, whether it is on, entries, and which of them are no bans of ours',
  },
  { verb: 'toggle', words: '<alias>', description: 'switch it on or off' },
  {
    verb: 'take-over',
    words: '<alias>',
    description: 'have the running server keep it, which then refuses no more what another ledger kept',
  },
];
