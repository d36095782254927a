import type { Figure } from './figure.ts';

const headings = ['what', 'value', 'peer', 'ratio', 'must', 'verdict'];

/** The figures as a table, with their notes below it. */
export function formatFigures(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const notes = figures.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));
  return [lines[0], rule, ...lines.slice(1), '', ...notes].join('\n').trimEnd();
}

function cellsOf({ name, value, unit, peer, ratio, must, isMet }: Figure): string[] {
  return [
    name,
    `${formatNumber(value)} ${unit}`,
    peer === undefined ? '' : `${peer.name}: ${formatNumber(peer.value)}`,
    ratio === undefined ? '' : ratio.toFixed(2),
    must,
    isMet ? 'met' : 'MISSED',
  ];
}

/** Three digits that count. */
function formatNumber(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}
