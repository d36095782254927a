/** The files that a configuration names, as its readers look at them. */
export interface ConfiguredFiles {
  /** The text. @throws Error when it cannot be read */
  readonly read: (path: string) => string;
  /** Permission bits, as 0o640. @throws Error when there is no such file */
  readonly modeOf: (path: string) => number;
}
