import { dirname } from 'node:path';
import type { Plan, Step } from '../../shared/host/setup-step.ts';
import type { Changes } from './changes.ts';
import { missingFolders, readState } from './host-files.ts';

/** A file as setup wants it. */
export interface WantedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

export interface FilePlan extends Plan {
  /** The files that are not so yet. */
  readonly changed: ReadonlySet<string>;
}

/** Makes the files so, with their folders. What is so already is kept. */
export async function planFiles(wanted: readonly WantedFile[], changes: Changes): Promise<FilePlan> {
  const kept: string[] = [];
  const steps: Step[] = [];
  const changed = new Set<string>();
  for (const file of wanted) {
    const present = await readState(file.path);
    if (present?.text === file.text) kept.push(file.path);
    else {
      steps.push(fileStep(file, present !== undefined, changes));
      changed.add(file.path);
    }
  }
  const folders = await planFolders([...changed].map(dirname), 0o755, changes);
  return { kept, steps: [...folders, ...steps], changed };
}

/** Makes folders that are missing, each once. */
export async function planFolders(paths: readonly string[], mode: number, changes: Changes): Promise<readonly Step[]> {
  const missing = await Promise.all(paths.map(missingFolders));
  return [...new Set(missing.flat())].map((path) => ({
    says: `make the folder ${path}`,
    act: () => changes.makeFolder(path, mode),
  }));
}

function fileStep(file: WantedFile, isThere: boolean, changes: Changes): Step {
  const mode = file.mode.toString(8).padStart(4, '0');
  return {
    says: `write ${file.path}, mode ${mode}${isThere ? '; a copy of what is there now is kept' : ''}`,
    act: () => changes.write(file.path, file),
  };
}
