/** Volumes are integer picolitres inside Anneal (2.5 nL = 2,500 pL); other units exist only at the border. */
export type Picolitres = number;

export const plPerNl = 1_000;
export const plPerUl = 1_000_000;

/** Picolitres of a volume in nanolitres, rounded to the nearest picolitre. */
export const nlToPl = (nl: number): Picolitres => Math.round(nl * plPerNl);
/** Picolitres of a volume in microlitres, rounded to the nearest picolitre. */
export const ulToPl = (ul: number): Picolitres => Math.round(ul * plPerUl);
/** Microlitres of a volume in picolitres. */
export const plToUl = (pl: Picolitres): number => pl / plPerUl;
