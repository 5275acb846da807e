import type { Finding } from '../../errors/domain-error';

/** Longest piece of a source line that is shown. */
const width = 110;

/**
 * Findings as text for people: place, code and pointer, the source line with a caret below the column, what was expected and
 * found, and what to do.
 *
 * @param fileName as the reader knows it, e.g. `campaign.yaml`
 * @param sourceText what was checked; an empty text leaves the source lines out
 */
export function formatFindings(findings: readonly Finding[], fileName: string, sourceText: string): string {
  const lines = sourceText.split(/\r\n|\n|\r/);
  const blocks = findings.map((finding) => formatFinding(finding, fileName, lines));
  const count = findings.length === 1 ? '1 mistake' : `${findings.length} mistakes`;
  return `${blocks.join('\n')}\n${count} in ${fileName}\n`;
}

function formatFinding(finding: Finding, fileName: string, lines: readonly string[]): string {
  const { line, column, code, pointer, message, suggestion } = finding;
  const place = line === undefined ? fileName : `${fileName}:${line}:${column ?? 1}`;
  const source = line === undefined ? [] : sourceExcerpt(lines[line - 1], line, column ?? 1);
  const title = pointer === '' ? `${place}  ${code}` : `${place}  ${code}  ${pointer}`;
  const advice = suggestion === undefined ? [] : [`  → ${suggestion}`];
  return [title, ...source, `  ${message}`, ...advice, ''].join('\n');
}

function sourceExcerpt(text: string | undefined, line: number, column: number): string[] {
  if (text === undefined || text.trim() === '') return [];
  const from = column > width ? column - width / 2 : 0;
  const cut = text.length > from + width ? '…' : '';
  const shown = text.slice(from, from + width).replaceAll('\t', ' ') + cut;
  const margin = String(line).padStart(5);
  return [`${margin} | ${shown}`, `${' '.repeat(margin.length)} | ${' '.repeat(Math.max(0, column - 1 - from))}^`];
}
