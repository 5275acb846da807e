/**
 * Lines of work side by side: items of one line are worked on in order and never two batches at a time; what comes while a
 * batch is under way forms the next one. At most `width` lines are worked on at once.
 */
export class Lines<Item> {
  private readonly waiting = new Map<string, Item[]>();
  private readonly busy = new Set<string>();
  private count = 0;
  private whenEmpty: (() => void) | undefined;

  /** @param work works on a batch; it must not throw */
  constructor(
    private readonly width: number,
    private readonly work: (items: readonly Item[]) => Promise<void>,
  ) {}

  /** Items that wait or are worked on. */
  get size(): number {
    return this.count;
  }

  /** Adds an item at the end of its line. */
  add(line: string, item: Item): void {
    this.count++;
    const items = this.waiting.get(line);
    if (items) items.push(item);
    else this.waiting.set(line, [item]);
    this.next();
  }

  /** Ends when everything has been worked on, or after `withinMs`. */
  async drained(withinMs: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((done) => {
      const timer = setTimeout(done, withinMs);
      this.whenEmpty = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private next(): void {
    for (const [line, items] of this.waiting) {
      if (this.busy.size >= this.width) return;
      if (this.busy.has(line)) continue;
      this.waiting.delete(line);
      this.busy.add(line);
      void this.work(items).finally(() => {
        this.busy.delete(line);
        this.count -= items.length;
        this.next();
        if (this.count === 0) this.whenEmpty?.();
      });
    }
  }
}
