import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A file system of its own, so small that it is soon full. Needs root: where it cannot be had the test fails. */
export class SmallDisk {
  readonly path: string;

  constructor(path: string, bytes: number) {
    this.path = path;
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path]);
  }

  makeReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path]);
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.path]);
  }
}
