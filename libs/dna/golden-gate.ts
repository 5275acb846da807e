import { canonicalCircle } from './canonical';
import type { Fragment } from './digest';
import { digestToInsert, flip, hasSite, refuseAssembly } from './digest';
import type { TypeIISEnzyme } from './enzymes';
import type { Feature, Molecule } from './molecule';

/** Steps of the search for closed circles before the pot counts as too tangled to simulate. */
const searchLimit = 200_000;

/** A circle the pot can make, with the inputs it is made of in order. Its first base is that of the first input's left overhang. */
export interface Product extends Molecule {
  readonly topology: 'circular';
  readonly features: readonly Feature[];
  readonly sources: readonly string[];
}

/**
 * One-pot Golden Gate: every input is digested completely, fragments join by equal overhangs in either orientation, each at
 * most once, and every distinct closed circle is returned.
 *
 * @throws DomainError `assembly-refused` with `reason` and, where one is to blame, `part`: those of `digestToInsert`, `no-product`,
 * `new-site-in-product` (the ligation made a site of the enzyme) or `search-limit`.
 */
export function assembleGoldenGate(inputs: readonly Molecule[], enzyme: TypeIISEnzyme): { products: Product[] } {
  const fragments = inputs.map((input) => digestToInsert(input, enzyme));
  return { products: joinFragments(fragments, enzyme) };
}

/**
 * The second half of `assembleGoldenGate`, for inputs that were digested before.
 *
 * @throws DomainError `assembly-refused`: `no-product`, `new-site-in-product` or `search-limit`.
 */
export function joinFragments(fragments: readonly Fragment[], enzyme: TypeIISEnzyme): Product[] {
  const products = distinct(closedCircles(fragments).map(ligate));
  if (products.length === 0) throw noProduct(fragments);
  for (const product of products) {
    if (!hasSite(product.sequence, 'circular', enzyme)) continue;
    const message = `the ligation of ${product.sources.join(', ')} makes a ${enzyme.name} site that is in none of them`;
    throw refuseAssembly('new-site-in-product', message, { part: product.sources.join('+'), enzyme: enzyme.name });
  }
  return products;
}

/**
 * The only product of a pot that is meant to make one plasmid from all its inputs.
 *
 * @throws DomainError `assembly-refused`: those of `joinFragments`, `ambiguous-products`, or `part-left-out` naming the unused part.
 */
export function joinToOneProduct(fragments: readonly Fragment[], enzyme: TypeIISEnzyme): Product {
  const products = joinFragments(fragments, enzyme);
  const product = products[0] as Product;
  if (products.length > 1) {
    const part = fragments.find(({ source }) => products.some(({ sources }) => !sources.includes(source)))?.source;
    const message = `${fragments.map(({ source }) => source).join(', ')} give ${products.length} products; expected one`;
    throw refuseAssembly('ambiguous-products', message, { part, products: products.length });
  }
  if (product.sources.length < fragments.length) {
    const leftOut = fragments.find(({ source }) => !product.sources.includes(source)) ?? (fragments[0] as Fragment);
    throw refuseAssembly('part-left-out', `the only product does not contain ${leftOut.source}`, {
      part: leftOut.source,
    });
  }
  return product;
}

/** Every closed walk through distinct fragments, each found once: it starts at its first fragment, read forward. */
function closedCircles(fragments: readonly Fragment[]): Fragment[][] {
  const flipped = fragments.map(flip);
  const circles: Fragment[][] = [];
  const used = new Set<number>();
  let steps = 0;
  const extend = (first: number, path: Fragment[]): void => {
    if (++steps > searchLimit)
      throw refuseAssembly('search-limit', 'the pot has too many ways to join; use fewer inputs');
    const end = (path[path.length - 1] as Fragment).right;
    if (end === (path[0] as Fragment).left) circles.push([...path]);
    for (let next = first + 1; next < fragments.length; next++) {
      if (used.has(next)) continue;
      used.add(next);
      for (const fragment of [fragments[next] as Fragment, flipped[next] as Fragment]) {
        if (fragment.left === end) extend(first, [...path, fragment]);
      }
      used.delete(next);
    }
  };
  fragments.forEach((fragment, first) => extend(first, [fragment]));
  return circles;
}

function ligate(circle: readonly Fragment[]): Product {
  const features: Feature[] = [];
  let sequence = '';
  for (const fragment of circle) {
    const offset = sequence.length;
    for (const feature of fragment.features) {
      features.push({ ...feature, start: feature.start + offset, end: feature.end + offset });
    }
    sequence += fragment.left + fragment.insert;
  }
  const sources = circle.map(({ source }) => source);
  return { name: sources.join('+'), sequence, topology: 'circular', features, sources };
}

function distinct(products: readonly Product[]): Product[] {
  if (products.length < 2) return [...products];
  const byForm = new Map<string, Product>();
  for (const product of products) {
    const form = canonicalCircle(product.sequence);
    if (!byForm.has(form)) byForm.set(form, product);
  }
  return [...byForm.values()];
}

/** Names the first overhang that nothing else in the pot can join. */
function noProduct(fragments: readonly Fragment[]): Error {
  const ends = fragments.flatMap((fragment) => {
    const other = flip(fragment);
    return [
      { source: fragment.source, overhang: fragment.right, seeks: fragment.right, offers: fragment.left },
      { source: fragment.source, overhang: fragment.left, seeks: other.right, offers: other.left },
    ];
  });
  const open = ends.find((end) => !ends.some((other) => other.source !== end.source && other.offers === end.seeks));
  const cause = open
    ? `nothing joins the overhang ${open.overhang} of ${open.source}`
    : 'the overhangs close no circle';
  return refuseAssembly('no-product', `no circle forms: ${cause}`, { part: open?.source, overhang: open?.overhang });
}
