import { type FileHandle, open, rm } from 'node:fs/promises';
import { sizeOf } from './durable-file.ts';
import { lineMaxBytes, parseQueueLine, type QueueLine } from './queue-line.ts';

/** How much is read, made durable and handed on at a time: about 900 lines. */
export const chunkMaxBytes = 65_536;

/** Lines read from a taken file, and the place in it after them. */
export interface TakenLines {
  readonly lines: readonly QueueLine[];
  readonly offset: number;
}

/** The complete lines after `offset`, chunk by chunk. Ends before a line that has no newline yet. */
export async function* readTakenLines(path: string, offset: number): AsyncGenerator<TakenLines> {
  const file = await open(path, 'r');
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

/** What a taken file holds after `offset` when no writer can come any more: lines, and perhaps an unfinished one. */
export async function readUnfinished(path: string, offset: number): Promise<TakenLines | undefined> {
  const size = await sizeOf(path);
  if (size <= offset) return undefined;
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(lineMaxBytes), 0, lineMaxBytes, offset);
    const text = buffer.toString('utf8', 0, bytesRead);
    return { lines: [{ kind: 'unreadable', text, reason: 'has no newline' }], offset: size };
  } finally {
    await file.close();
  }
}

/** Ends a taken file. Everything in it must be durable elsewhere. */
export function removeTaken(path: string): Promise<void> {
  return rm(path, { force: true });
}

async function readChunk(file: FileHandle, buffer: Buffer, offset: number): Promise<TakenLines | undefined> {
  const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
  const end = buffer.lastIndexOf(0x0a, bytesRead - 1) + 1;
  if (bytesRead > 0 && end > 0) {
    const texts = buffer.toString('utf8', 0, end - 1).split('\n');
    return { lines: texts.map(parseBounded), offset: offset + end };
  }
  if (bytesRead < buffer.length) return undefined;
  const text = buffer.toString('utf8', 0, lineMaxBytes);
  return {
    lines: [{ kind: 'unreadable', text, reason: `is longer than ${chunkMaxBytes} bytes` }],
    offset: offset + bytesRead,
  };
}

function parseBounded(text: string): QueueLine {
  if (text.length <= lineMaxBytes) return parseQueueLine(text);
  return { kind: 'unreadable', text, reason: `is longer than ${lineMaxBytes} bytes` };
}
