/** Lab time and durations are milliseconds since the epoch and milliseconds; documents write them as `16h`, `30min`, `45s`. */
export type Milliseconds = number;

const units: Readonly<Record<string, Milliseconds>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration such as `90s`, `20min`, `16h`, `1.5h` or `14d`.
 * @returns undefined when the text is not a number followed by one of s, min, h, d.
 */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|min|h|d)$/.exec(text.trim());
  const unit = match && units[match[2] as string];
  return match && unit ? Math.round(Number(match[1]) * unit) : undefined;
}
