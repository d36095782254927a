import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiFailure } from '../api/api-failure.ts';
import type { ClusterFw } from './cluster-fw.ts';
import { formatClusterFw } from './format-cluster-fw.ts';
import { parseClusterFw } from './parse-cluster-fw.ts';

/** The most that pmxcfs takes as one file, 1 MiB (memdb.h:30). */
export const FILE_MAX_BYTES = 1024 * 1024;

/**
 * The most that can be read through pmxcfs's socket, whose messages of 1 MiB have a head: seen to work with 1,048,527 bytes, and to
 * fail with 1,048,565.
 */
const READ_MAX_BYTES = FILE_MAX_BYTES - 24;

/**
 * The emulated `/etc/pve/firewall/cluster.fw`: a real file that holds the whole state. It is read anew for every request,
 * so that an edit by hand is seen as on the real thing, and replaced by rename, so that a reader sees one state or the other.
 */
export class ClusterFwFile {
  readonly path: string;
  #grownTo = 0;

  constructor(dir: string) {
    this.path = join(dir, 'cluster.fw');
  }

  /** The largest size that a write through the API left it with, of those that made it larger. */
  get grownTo(): number {
    return this.#grownTo;
  }

  /** The text of the file, or undefined when there is none. */
  readText(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Replaces the text whatever it is, as an administrator's editor would; undefined removes the file. */
  writeText(text: string | undefined): void {
    if (text === undefined) {
      rmSync(this.path, { force: true });
      return;
    }
    const temporary = `${this.path}.new`;
    writeFileSync(temporary, text);
    renameSync(temporary, this.path);
  }

  /**
   * What Proxmox's daemons get of the file.
   *
   * @throws ApiFailure when it is larger than {@link READ_MAX_BYTES}: then every call fails that reads the firewall's configuration
   */
  readByDaemon(): ClusterFw {
    if (Buffer.byteLength(this.readText() ?? '') > READ_MAX_BYTES)
      throw new ApiFailure(500, 'No buffer space available');
    return this.read();
  }

  /** What Proxmox makes of the file; a missing one is an empty configuration. */
  read(): ClusterFw {
    return parseClusterFw(this.readText() ?? '');
  }

  /**
   * Writes the configuration as Proxmox does; an empty one removes the file.
   *
   * @throws ApiFailure when it is larger than {@link FILE_MAX_BYTES}; the file then stays as it was
   */
  write(config: ClusterFw): void {
    const text = formatClusterFw(config);
    const bytes = Buffer.byteLength(text);
    if (bytes > FILE_MAX_BYTES) {
      throw new ApiFailure(500, `unable to write '/etc/pve/firewall/cluster.fw.tmp.${process.pid}' - File too large`);
    }
    if (bytes > Buffer.byteLength(this.readText() ?? '')) this.#grownTo = Math.max(this.#grownTo, bytes);
    this.writeText(text === '' ? undefined : text);
  }
}
