import type { Estimate } from './report';

/** `1 clone`, `2 clones`, `1,000 clones`: a count with its noun. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** What a value rests on, e.g. `2 clones × 1 culture × 1 plate`. */
export const basisText = ({ clones, cultures, plates }: Estimate): string =>
  [counted(clones, 'clone'), counted(cultures, 'culture'), counted(plates, 'plate')].join(' × ');
