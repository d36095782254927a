/** The reason phrase, and message, of an answer about faulty parameters. */
const PARAMETERS_REFUSED = 'Parameter verification failed.';

/** A call that the emulated API answers with an error, as a `die` or `raise` in Proxmox's own code does. */
export class ApiFailure extends Error {
  readonly status: number;
  /** What is wrong with which parameter. */
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message);
    this.name = 'ApiFailure';
    this.status = status;
    this.errors = errors;
  }
}

/** A 400 that names the parameters at fault. */
export function parameterFailure(errors: Readonly<Record<string, string>>): ApiFailure {
  return new ApiFailure(400, PARAMETERS_REFUSED, errors);
}
