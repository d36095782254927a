/** The operator must act: setup cannot go on. Nothing has been changed when it is thrown before the first step. */
export class SetupError extends Error {
  readonly code = 'setup';
}
