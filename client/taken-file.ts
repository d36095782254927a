import { constants, type FileHandle, lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsent } from '../shared/host/absent-file.ts';
import { beginningMaxLength, lastBeginning, separateCut } from './queue/cut-lines.ts';
import { lineMaxBytes, parseQueueLine, type QueueLine } from './queue-line.ts';

/** How much is read, made durable and handed on at a time: about 900 lines. */
export const chunkMaxBytes = 65_536;

/** Lines read from a taken file, and the place in it after them. */
export interface TakenLines {
  readonly lines: readonly QueueLine[];
  readonly offset: number;
}

/** What was taken over is not what the action writes, and cannot be read as such. */
export class NoQueueFileError extends Error {
  readonly code = 'no-queue-file';
}

/**
 * The complete lines after `offset`, chunk by chunk. Ends before a line that has no newline yet.
 *
 * @throws NoQueueFileError
 */
export async function* readTakenLines(path: string, offset: number): AsyncGenerator<TakenLines> {
  const file = await openTaken(path);
  try {
    const buffer = Buffer.alloc(chunkMaxBytes);
    let next = await readChunk(file, buffer, offset);
    while (next !== undefined) {
      yield next;
      next = await readChunk(file, buffer, next.offset);
    }
  } finally {
    await file.close();
  }
}

/**
 * What a taken file holds after `offset` when no writer can come any more: lines that were cut off.
 *
 * @throws NoQueueFileError
 */
export async function readUnfinished(path: string, offset: number): Promise<TakenLines | undefined> {
  const file = await openTaken(path);
  try {
    const { size } = await file.stat();
    if (size <= offset) return undefined;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkMaxBytes), 0, chunkMaxBytes, offset);
    const { cut, line } = separateCut(buffer.toString('utf8', 0, bytesRead));
    const texts = line === undefined ? cut : [...cut, line];
    return { lines: texts.map((text) => unreadable(text, 'has no newline')), offset: size };
  } finally {
    await file.close();
  }
}

/** Ends a taken file. Everything in it must be durable elsewhere. */
export function removeTaken(path: string): Promise<void> {
  return rm(path, { force: true });
}

/** Follows no link and waits for no other end of a pipe. */
async function openTaken(path: string): Promise<FileHandle> {
  await sizeOfTaken(path);
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/**
 * Bytes of a taken file, 0 when there is none. Whoever writes to it may ban everywhere, so it must be a plain file and
 * belong to root or to whom the folder belongs to.
 *
 * @throws NoQueueFileError
 */
export async function sizeOfTaken(path: string): Promise<number> {
  try {
    const found = await lstat(path);
    const folder = await lstat(dirname(path));
    if (!found.isFile()) throw new NoQueueFileError(`it is no plain file`);
    if (found.uid !== 0 && found.uid !== folder.uid) {
      throw new NoQueueFileError(`it belongs to user ${found.uid}, its folder to user ${folder.uid}`);
    }
    return found.size;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}

async function readChunk(file: FileHandle, buffer: Buffer, offset: number): Promise<TakenLines | undefined> {
  const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
  const end = bytesRead === 0 ? 0 : buffer.lastIndexOf(0x0a, bytesRead - 1) + 1;
  if (end > 0) {
    const texts = buffer.toString('utf8', 0, end - 1).split('\n');
    return { lines: texts.flatMap(readWritten), offset: offset + end };
  }
  return bytesRead < buffer.length ? undefined : skipEndless(buffer, offset);
}

/** A whole chunk without a newline: what stands before the line that may begin in it is nothing of ours. */
function skipEndless(buffer: Buffer, offset: number): TakenLines {
  // One byte a character, so that places in the text are places in the file.
  const begins = lastBeginning(buffer.toString('latin1'));
  const skipped = begins === undefined || begins === 0 ? buffer.length - beginningMaxLength : begins;
  const text = buffer.toString('utf8', 0, lineMaxBytes);
  return { lines: [unreadable(text, `is longer than ${chunkMaxBytes} bytes`)], offset: offset + skipped };
}

function readWritten(text: string): readonly QueueLine[] {
  const { cut, line } = separateCut(text);
  const before = cut.map((part) => unreadable(part, 'was cut off before its end'));
  if (line === undefined) return before;
  const read = parseBounded(line);
  // Set aside and told as well, so that somebody mends the action.
  if (read.kind === 'event' && read.wrongLabels !== undefined)
    return [...before, unreadable(line, read.wrongLabels), read];
  return [...before, read];
}

function parseBounded(text: string): QueueLine {
  if (text.length <= lineMaxBytes) return parseQueueLine(text);
  return unreadable(text, `is longer than ${lineMaxBytes} bytes`);
}

function unreadable(text: string, reason: string): QueueLine {
  return { kind: 'unreadable', text: text.slice(0, lineMaxBytes), reason };
}
