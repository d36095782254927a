import type { CountedTime } from '../ledger/count-history.ts';
import type { HistoryCount } from '../ledger/ledger.ts';

const formats = ['csv', 'json', 'txt'] as const;
export type ExportFormat = (typeof formats)[number];

export function isExportFormat(text: string): text is ExportFormat {
  return formats.some((each) => each === text);
}

/** Lines that are written at once: the list is never whole in memory. */
const linesPerPiece = 1_000;

/** The text of a list of counts, piece by piece. */
export function* formatCounts(
  format: ExportFormat,
  time: CountedTime,
  counts: Iterable<HistoryCount>,
): Generator<string> {
  let lines: string[] = [];
  for (const line of linesOf(format, time, counts)) {
    lines.push(line);
    if (lines.length < linesPerPiece) continue;
    yield lines.join('');
    lines = [];
  }
  yield lines.join('');
}

function* linesOf(format: ExportFormat, time: CountedTime, counts: Iterable<HistoryCount>): Generator<string> {
  switch (format) {
    case 'csv':
      yield 'network,count\n';
      for (const { name, count } of counts) yield `${name},${count}\n`;
      break;
    case 'txt':
      for (const { name, count } of counts) yield `${name} ${count}\n`;
      break;
    case 'json':
      yield* jsonLines(time, counts);
      break;
  }
}

function* jsonLines({ since, until, jail }: CountedTime, counts: Iterable<HistoryCount>): Generator<string> {
  const end = until === Number.MAX_SAFE_INTEGER ? null : until;
  yield `{"since":${since},"until":${end},"jail":${JSON.stringify(jail ?? null)},"networks":[`;
  let between = '\n';
  for (const { name, count } of counts) {
    yield `${between}{"network":"${name}","count":${count}}`;
    between = ',\n';
  }
  yield '\n]}\n';
}
