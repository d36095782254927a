import { crc32 } from 'node:zlib';
import { parseObject } from '../../shared/sealed-channel.ts';

/** One line of a state file: CRC-32 of the JSON in hexadecimal, a blank, the JSON. It is there as a whole or not at all. */
export function encodeLine(value: object): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** The object of one line, given without its newline; undefined when the line is damaged. */
export function decodeLine(line: string): Readonly<Record<string, unknown>> | undefined {
  const json = line.slice(9);
  return line[8] === ' ' && checksum(json) === line.slice(0, 8) ? parseObject(json) : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
