import { ApiProblem, NoAnswer } from '../../libs/client/client';
import { isDomainError } from '../../libs/errors/domain-error';

/**
 * What a person is told about a command that failed: a refusal with its findings, ordinary trouble (no answer, a file that
 * cannot be written) in one line; anything else is a bug and shows its stack.
 */
export function explain(error: unknown): string {
  if (error instanceof ApiProblem) return refusal(error);
  if (error instanceof NoAnswer)
    return `no answer: ${error.message}; see that the api runs (\`npm run dev\` starts one here) and that --api or API_URL is right`;
  if (isDomainError(error)) return `${error.code}: ${error.message}`;
  return fileTrouble(error) ?? (error as Partial<Error> | undefined)?.stack ?? String(error);
}

function refusal({ problem, message }: ApiProblem): string {
  const found = problem.findings ?? [];
  const findings = (found.length > 1 ? found : []).map(
    ({ line, column, pointer, code, message: told, suggestion }) =>
      `  ${line ? `${line}:${column ?? 1} ` : ''}${pointer} ${code}: ${told}${suggestion ? ` (${suggestion})` : ''}`,
  );
  return [`refused (${problem.type}): ${message}`, ...findings].join('\n');
}

const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read or written by you',
  EPERM: 'it may not be read or written by you',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
};

function fileTrouble(error: unknown): string | undefined {
  const { code, path } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const reason = fileReasons[code ?? ''];
  return reason && path ? `${path}: ${reason}` : undefined;
}
