/** The options of each command as commander spells them. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

export interface EventOptions extends CommonOptions {
  readonly jail: string;
  readonly ttl: string;
  readonly labels?: string;
  readonly wait?: boolean;
  readonly limit: string;
}

export interface EnrollOptions extends CommonOptions {
  readonly name: string;
  readonly force?: boolean;
  readonly via?: string;
}

export interface ResendOptions extends CommonOptions {
  readonly all?: boolean;
}
