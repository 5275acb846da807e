import type { Alias, Document, LineCounter, Node, Pair } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Mistake } from './mistake';
import { below, didYouMean, mistake, show } from './mistake';
import type { Place } from './positions';
import { Positions } from './positions';

/** Deepest nesting of a document. */
const maxDepth = 32;
/** Values that aliases may repeat in one document; a document of 256 KiB needs none. */
const maxAliasedValues = 2_000;
/** Keys that would reach an object's prototype. */
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** A document as plain values, where each stands, and what was wrong on the way. */
export interface PlainDocument {
  readonly value: unknown;
  readonly positions: Positions;
  readonly mistakes: readonly Mistake[];
}

/**
 * Turns a YAML tree into plain values: null counts as absent, the first of two equal keys counts, aliases are expanded within a
 * limit. What cannot be taken is reported and left out.
 */
export function plainDocument(document: Document, lines: LineCounter): PlainDocument {
  const reader = new PlainReader(document, lines);
  const value = reader.read(document.contents, '', { depth: 0, open: [] });
  return { value, positions: reader.positions, mistakes: reader.mistakes };
}

interface Way {
  readonly depth: number;
  /** Anchored nodes that are being expanded, outermost first. */
  readonly open: readonly Node[];
  /** Where the outermost of them is used. */
  readonly alias?: string;
}

class PlainReader {
  readonly positions = new Positions();
  readonly mistakes: Mistake[] = [];
  private aliased = 0;
  private bombed = false;
  private tooDeep = false;

  constructor(
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {}

  read(node: unknown, pointer: string, way: Way, key?: Place): unknown {
    const place = this.placeOf(node);
    if (place) this.positions.add(pointer, place, key);
    if (way.depth > maxDepth) return this.refuseDepth(pointer);
    if (way.open.length > 0 && ++this.aliased > maxAliasedValues) return this.refuseAliases(way.alias ?? pointer);
    if (isAlias(node)) return this.readAlias(node, pointer, way);
    if (isMap(node)) return this.readMap(node.items, pointer, way);
    if (isSeq(node)) return node.items.map((item, at) => this.read(item, below(pointer, at), deeper(way)));
    return isScalar(node) ? (node.value ?? undefined) : undefined;
  }

  private readAlias(alias: Alias, pointer: string, way: Way): unknown {
    const target = alias.resolve(this.document);
    if (!target) {
      this.mistakes.push(
        mistake('document-syntax', pointer, 'an anchor defined above', `*${alias.source}`, 'write the value out'),
      );
      return undefined;
    }
    if (way.open.includes(target)) return this.refuseAliases(way.alias ?? pointer);
    const open = [...way.open, target];
    return this.read(target, pointer, { depth: way.depth + 1, open, alias: way.alias ?? pointer });
  }

  private readMap(pairs: readonly Pair[], pointer: string, way: Way): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const pair of pairs) {
      const name = this.nameOf(pair, pointer);
      if (name === undefined) continue;
      const child = below(pointer, name);
      const place = this.placeOf(pair.key);
      if (Object.hasOwn(map, name)) {
        const twice = mistake('duplicate-id', child, 'every key once', `a second "${name}"`, 'remove one of the two');
        this.mistakes.push({ ...twice, ...place });
        continue;
      }
      const value = this.read(pair.value ?? null, child, deeper(way), place);
      if (place) this.positions.add(child, place, place);
      map[name] = value;
    }
    return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
  }

  private nameOf(pair: Pair, pointer: string): string | undefined {
    const key = pair.key;
    // A key without text comes from a syntax error, which is reported as such.
    if (key === null || (isScalar(key) && key.value === null)) return undefined;
    if (!isScalar(key) || typeof key.value === 'object') {
      this.mistakes.push({
        ...mistake('document-syntax', pointer, 'a plain key', 'another value', 'quote it'),
        ...this.placeOf(key),
      });
      return undefined;
    }
    const name = String(key.value);
    if (!forbiddenKeys.has(name)) return name;
    const found = mistake('unknown-key', below(pointer, name), 'a key of the schema', show(name), didYouMean(name, []));
    this.mistakes.push({ ...found, ...this.placeOf(key) });
    return undefined;
  }

  private refuseDepth(pointer: string): undefined {
    if (!this.tooDeep)
      this.mistakes.push(
        mistake('over-limit', pointer, `at most ${maxDepth} levels of nesting`, 'more', 'flatten the document'),
      );
    this.tooDeep = true;
    return undefined;
  }

  private refuseAliases(pointer: string): undefined {
    if (this.bombed) return undefined;
    this.bombed = true;
    const expected = `aliases that repeat at most ${maxAliasedValues} values`;
    this.mistakes.push(
      mistake(
        'document-alias-bomb',
        pointer,
        expected,
        'aliases that expand to more',
        'write the values out instead of nesting aliases',
      ),
    );
    return undefined;
  }

  private placeOf(node: unknown): Place | undefined {
    const range = (node as Node | null | undefined)?.range;
    if (!range) return undefined;
    const { line, col } = this.lines.linePos(range[0]);
    return { line, column: col };
  }
}

const deeper = (way: Way): Way => ({ ...way, depth: way.depth + 1 });
