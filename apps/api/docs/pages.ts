import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../../db/migrate';
import { DomainError } from '../../../libs/errors/domain-error';
import { escapeHtml, markdownToHtml } from './markdown';

const titles = {
  campaign: 'Write a campaign',
  protocol: 'Write a protocol',
  robot: 'Connect a robot',
  agent: 'Run an agent',
  operations: 'Run the lab',
} as const;

const start = `# Anneal

Anneal runs construct campaigns: Design, Build, Test and Learn, round after round, on the lab's own robots.

${Object.entries(titles)
  .map(([page, title]) => `* [${title}](${page}.md)`)
  .join('\n')}
* [The HTTP API](api), to read and to try; its description is [/openapi.json](/openapi.json)
`;

/**
 * A page in Markdown; `start` lists the others.
 * @throws DomainError `not-found`
 */
export function readPage(page: string): string {
  if (page === 'start') return start;
  if (!Object.hasOwn(titles, page))
    throw new DomainError('not-found', `there is no page "${page}"; there are ${Object.keys(titles).join(', ')}`);
  return readFileSync(join(installationRoot(), 'apps', 'console', 'docs', `${page}.md`), 'utf8');
}

/** A page as HTML with links to the others. @throws DomainError `not-found` */
export function pageAsHtml(page: string): string {
  const body = markdownToHtml(readPage(page));
  const links = Object.entries({ start: 'Anneal', ...titles, api: 'HTTP API' }).map(([id, title]) =>
    id === page ? `<b>${escapeHtml(title)}</b>` : `<a href="/docs/${id}">${escapeHtml(title)}</a>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(titles[page as keyof typeof titles] ?? 'Anneal')}</title><style>${style}</style></head>
<body><nav>${links.join(' · ')}</nav><main>${body}</main></body></html>\n`;
}

const style = `body{font:16px/1.55 system-ui,sans-serif;margin:0 auto;max-width:1000px;padding:1rem;color:#1c2330}
nav{border-bottom:1px solid #d8dde6;padding-bottom:.6rem}pre{background:#f5f7fa;padding:.8rem;overflow-x:auto;font-size:13.5px}
code{background:#f5f7fa}table{border-collapse:collapse;font-size:14px;display:block;overflow-x:auto}
th,td{border-bottom:1px solid #e3e6ec;padding:.3rem .7rem .3rem 0;text-align:left;vertical-align:top}h2{margin-top:2rem}`;
