import { describeFileError } from '../../shared/errors.ts';
import type { SectionReader } from '../../shared/section-reader.ts';
import type { ConfiguredFiles } from '../configured-files.ts';
import { OutgoingError } from './outgoing-error.ts';

/** What a secret is called and looks like. */
export interface SecretForm {
  /** The key of the section; with `_file` behind it, that of a file which holds the secret. */
  readonly key: string;
  readonly pattern: RegExp;
  /** The pattern in words, as `USER@REALM!TOKENID=SECRET on one line`. */
  readonly form: string;
}

/**
 * `token = …` or `token_file = …`. What is wrong with it is reported at once, instead of at the first call.
 *
 * @returns reads it anew each time. Throws OutgoingError `credential`
 */
export function readSecret(
  section: SectionReader,
  files: ConfiguredFiles,
  { key, pattern, form }: SecretForm,
): () => string {
  const fileKey = `${key}_file`;
  const inline = section.secret(key);
  const file = section.optional(fileKey);
  if (inline === undefined && file === undefined) section.problem(fileKey, `is missing: a file with ${form}`);
  if (inline !== undefined && file !== undefined)
    section.problem(key, `given beside ${fileKey}: leave one of them out`);
  const read = (): string => {
    const secret = (inline ?? readConfigured(file ?? '', files)).trim();
    if (pattern.test(secret)) return secret;
    throw new OutgoingError('credential', `${inline === undefined ? file : 'what stands here'} does not hold ${form}`);
  };
  if (inline !== undefined) reportUnusable(section, key, read);
  else if (file !== undefined) {
    reportUnusable(section, fileKey, read);
    if (!section.isWrong(fileKey)) refuseOpen(section, fileKey, file, files);
  }
  return read;
}

/** Whoever reads the secret may do what this program may. The owner's group may be the service's. */
function refuseOpen(section: SectionReader, key: string, file: string, files: ConfiguredFiles): void {
  const mode = files.modeOf(file);
  if ((mode & 0o007) === 0) return;
  section.problem(
    key,
    `${file} has mode ${mode.toString(8).padStart(4, '0')}, so everybody on this host may read it: chmod o= ${file}`,
  );
}

/** What cannot be used is said at the start, not at the first call. */
export function reportUnusable(section: SectionReader, key: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    section.problem(key, error.message, error);
  }
}

/** @throws OutgoingError `credential` */
export function readConfigured(path: string, { read }: ConfiguredFiles): string {
  try {
    return read(path);
  } catch (cause) {
    throw new OutgoingError('credential', `${path} cannot be read: ${describeFileError(cause)}`, { cause });
  }
}
