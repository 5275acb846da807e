/** The known names closest to a misspelt one, best first, at most three; distance ignores case and the kind of separator. */
export function nearestNames(name: string, known: readonly string[], limit = 3): string[] {
  const wanted = simplify(name);
  return known
    .map((candidate) => ({ candidate, distance: editDistance(wanted, simplify(candidate)) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** Levenshtein distance: the least number of single-letter insertions, deletions and substitutions. */
export function editDistance(a: string, b: string): number {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let kept = 0;
  while (kept < Math.min(a.length, b.length) - from && a[a.length - 1 - kept] === b[b.length - 1 - kept]) kept++;
  return distanceByTable(a.slice(from, a.length - kept), b.slice(from, b.length - kept));
}

function distanceByTable(a: string, b: string): number {
  let previous = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = new Uint32Array(b.length + 1);
    current[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] as number) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      current[j] = Math.min(substituted, (previous[j] as number) + 1, (current[j - 1] as number) + 1);
    }
    previous = current;
  }
  return previous[b.length] as number;
}

function simplify(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '_');
}
