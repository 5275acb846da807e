/** Text that means nothing to HTML. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] as string);

/**
 * HTML of the Markdown our own pages are written in: headings, paragraphs, fenced code, tables, one level of lists, and
 * inline code, bold and links. Comments vanish; any other HTML is shown as text.
 */
export function markdownToHtml(markdown: string): string {
  const lines = markdown.replace(/<!--[\s\S]*?-->\n?/g, '').split('\n');
  const out: string[] = [];
  for (let at = 0; at < lines.length;) {
    const block = blocks.find(({ begins }) => begins.test(lines[at] as string)) as Block;
    const end = block.end(lines, at);
    out.push(block.html(lines.slice(at, end)));
    at = end;
  }
  return out.filter((html) => html !== '').join('\n');
}

interface Block {
  readonly begins: RegExp;
  /** Index of the first line that is not part of it. */
  readonly end: (lines: readonly string[], at: number) => number;
  readonly html: (lines: readonly string[]) => string;
}

/** The first line after `at` for which `stops` holds, or the end. */
function until(lines: readonly string[], at: number, stops: (line: string) => boolean): number {
  const found = lines.slice(at + 1).findIndex(stops);
  return found < 0 ? lines.length : at + 1 + found;
}

const listItem = /^(?:[*-]|\d+\.) /;
const opensBlock = /^(```|#|\||\s*$|(?:[*-]|\d+\.) )/;

const blocks: readonly Block[] = [
  { begins: /^\s*$/, end: (_lines, at) => at + 1, html: () => '' },
  {
    begins: /^```/,
    end: (lines, at) => Math.min(lines.length, until(lines, at, (line) => line.startsWith('```')) + 1),
    html: (lines) => `<pre>${escapeHtml(lines.slice(1, -1).join('\n'))}</pre>`,
  },
  { begins: /^#+ /, end: (_lines, at) => at + 1, html: ([line]) => heading(line as string) },
  { begins: /^\|/, end: (lines, at) => until(lines, at, (line) => !line.startsWith('|')), html: table },
  { begins: listItem, end: (lines, at) => until(lines, at, (line) => !/^(?:[*-]|\d+\.|\s+\S)/.test(line)), html: list },
  {
    begins: /^/,
    end: (lines, at) => until(lines, at, (line) => opensBlock.test(line)),
    html: (lines) => `<p>${inline(lines.join(' '))}</p>`,
  },
];

function heading(line: string): string {
  const [, marks = '#', text = ''] = /^(#+) (.*)$/.exec(line) ?? [];
  const id = text
    .toLowerCase()
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '');
  return `<h${marks.length} id="${id}">${inline(text)}</h${marks.length}>`;
}

function table([head, , ...rows]: readonly string[]): string {
  const row = (line: string, cell: string): string =>
    `<tr>${cellsOf(line)
      .map((text) => `<${cell}>${inline(text)}</${cell}>`)
      .join('')}</tr>`;
  return `<table>${row(head as string, 'th')}${rows.map((line) => row(line, 'td')).join('')}</table>`;
}

/** Cells of a row; `\|` is a bar inside a cell. */
const cellsOf = (line: string): string[] =>
  line
    .slice(1, line.trimEnd().lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

function list(lines: readonly string[]): string {
  const items: string[] = [];
  for (const line of lines) {
    if (listItem.test(line)) items.push(line.replace(listItem, ''));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  const tag = /^\d/.test(lines[0] as string) ? 'ol' : 'ul';
  return `<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</${tag}>`;
}

/** Code spans first: nothing inside them has a meaning. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((piece) => {
      if (/^`[^`]+`$/.test(piece)) return `<code>${escapeHtml(piece.slice(1, -1))}</code>`;
      return escapeHtml(piece).replace(/\*\*([^*]+)\*\*/g, '<b>$1</b>');
    })
    .join('')
    .replace(/\[([^\]]+)\]\(((?:https?:\/\/|\/|#|[\w./-]+)[^)\s]*)\)/g, (_all, label: string, to: string) => {
      const href = to.replace(/^([a-z]+)\.md(?=$|#)/, '$1');
      return `<a href="${/^[a-z]+($|#)/.test(href) ? `/docs/${href}` : href}">${label}</a>`;
    });
}
