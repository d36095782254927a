import { type FileState, makeFolder, readState, removeFolder, restoreState } from './host-files.ts';
import { nothingRecorded, type Recorded, type RecordedFile, type SetupRecord, sha256Of } from './record.ts';

/** What one run of setup changes in the host's files: all of it recorded before it is done, and taken back on demand. */
export class Changes {
  readonly #record: SetupRecord;
  readonly #atFirst: Recorded;
  #recorded: Recorded;
  /** What to put back, the last first. */
  readonly #before: { readonly path: string; readonly state: FileState | undefined }[] = [];
  readonly #folders: string[] = [];

  private constructor(record: SetupRecord, recorded: Recorded) {
    this.#record = record;
    this.#atFirst = recorded;
    this.#recorded = recorded;
  }

  static async begin(record: SetupRecord): Promise<Changes> {
    return new Changes(record, await record.read());
  }

  async makeFolder(path: string, mode: number): Promise<void> {
    await this.#note({ folders: [...this.#recorded.folders, path] });
    this.#folders.push(path);
    await makeFolder(path, mode);
  }

  async write(path: string, state: FileState): Promise<void> {
    const before = await readState(path);
    const known = this.#recorded.files.find((file) => file.path === path);
    const entry = { ...(known ?? (await this.#describe(path, before))), sha256: sha256Of(state.text) };
    await this.#note({ files: [...this.#recorded.files.filter((file) => file.path !== path), entry] });
    this.#before.unshift({ path, state: before });
    await restoreState(path, state);
  }

  async noteAgent(): Promise<void> {
    await this.#note({ enabledAgent: true });
  }

  /** Files and folders are as they were before this run. @param say what is put back */
  async takeBack(say: (line: string) => void): Promise<void> {
    for (const { path, state } of this.#before) {
      say(state === undefined ? `remove ${path}` : `put back ${path}`);
      await restoreState(path, state);
    }
    for (const path of this.#folders.toReversed()) await removeFolder(path);
    if (this.#atFirst === nothingRecorded) await this.#record.remove();
    else await this.#record.write(this.#atFirst);
  }

  /** A copy is made only of what setup did not write itself. */
  async #describe(path: string, before: FileState | undefined): Promise<Omit<RecordedFile, 'sha256'>> {
    if (before === undefined) return { path, backup: null, mode: null };
    return { path, backup: await this.#record.keep(path, before.text), mode: before.mode };
  }

  async #note(more: Partial<Recorded>): Promise<void> {
    this.#recorded = { ...this.#recorded, ...more };
    await this.#record.write(this.#recorded);
  }
}
