import type { Mistake } from './mistake';

/** 1-based place in a source text. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where the keys and values of a document stand in its source, by JSON pointer. */
export class Positions {
  private readonly keys = new Map<string, Place>();
  private readonly values = new Map<string, Place>();

  /** Remembers a value, and its key when it has one; the first mention counts. */
  add(pointer: string, value: Place, key?: Place): void {
    if (this.values.has(pointer)) return;
    this.values.set(pointer, value);
    if (key) this.keys.set(pointer, key);
  }

  /** Place of the value at a pointer, or of the nearest enclosing one that is in the source. */
  valueAt(pointer: string): Place {
    const found = this.values.get(pointer);
    if (found || pointer === '') return found ?? { line: 1, column: 1 };
    return this.keyAt(pointer.slice(0, pointer.lastIndexOf('/')));
  }

  /** Place of the key at a pointer; of its value where there is no key (items of a list). */
  keyAt(pointer: string): Place {
    return this.keys.get(pointer) ?? this.valueAt(pointer);
  }

  /** Adds line and column to mistakes that have none, in the order of the source. */
  locate<T extends Mistake>(mistakes: readonly T[]): T[] {
    const byKey = new Set(['unknown-key', 'wrong-unit']);
    const placed = mistakes.map((each) => {
      if (each.line !== undefined) return each;
      const place = byKey.has(each.code) ? this.keyAt(each.pointer) : this.valueAt(each.pointer);
      return { ...each, ...place };
    });
    return placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }
}
