import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClockDriver } from '../../apps/virtual-lab/clock-driver';
import type { FakeAnswer, FakeRequest } from '../agent/http-fake';
import { FakeServer, jsonOf, problem } from '../agent/http-fake';

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 2, 8, minute)).toISOString();

/** The api's clock: quiet or not, with a next time. */
class FakeClock {
  now = at(0);
  revision = 1;
  quiet = true;
  nextAt: string | null = null;
  mode = 'virtual';
  refusals = 0;
  readonly moves: string[] = [];
  readonly server = new FakeServer((request) => this.handle(request));
  private polls = 0;
  private readonly waiting: { after: number; resolve: () => void }[] = [];

  /** Resolves after so many more looks at the clock. */
  looks(count: number): Promise<void> {
    return new Promise((resolve) => this.waiting.push({ after: this.polls + count, resolve }));
  }

  private handle(request: FakeRequest): FakeAnswer {
    if (request.method === 'POST') return this.move(jsonOf<{ to: string; revision: number }>(request));
    this.polls++;
    for (const { after, resolve } of this.waiting) if (this.polls >= after) resolve();
    const { now, revision, quiet, nextAt, mode } = this;
    return { status: 200, json: { now, mode, revision, quiet, nextAt, blockedBy: [] } };
  }

  private move({ to, revision }: { to: string; revision: number }): FakeAnswer {
    if (this.refusals > 0) {
      this.refusals--;
      this.revision++;
      return problem(409, 'clock-conflict');
    }
    if (revision !== this.revision) return problem(409, 'clock-conflict');
    this.moves.push(to);
    this.now = to;
    this.nextAt = null;
    this.revision++;
    return { status: 200, json: { now: to } };
  }
}

describe('the clock driver', () => {
  let clock: FakeClock;
  let driver: ClockDriver;
  let driving: Promise<void>;
  const heard: number[] = [];

  beforeEach(async () => {
    clock = new FakeClock();
    heard.length = 0;
    const tokensPath = join(mkdtempSync(join(tmpdir(), 'anneal-clock-')), 'tokens.json');
    writeFileSync(tokensPath, JSON.stringify({ ops: 'secret' }));
    const apiUrl = await clock.server.listen();
    driver = new ClockDriver({
      apiUrl,
      site: 'main',
      tokensPath,
      onNow: (now) => heard.push(now),
      log: () => undefined,
    });
    driving = driver.run();
  });
  afterEach(async () => {
    driver.stop();
    await driving;
    await clock.server.close();
  });

  it('moves a quiet clock to the next time, and the lab hears of it', async () => {
    await clock.looks(2);
    expect(clock.moves).toEqual([]);
    clock.nextAt = at(5);
    await clock.looks(3);
    expect(clock.moves).toEqual([at(5)]);
    expect(heard.at(-1)).toBe(Date.parse(at(5)));
  });

  it.each([
    ['while something is going on', { quiet: false, nextAt: at(5) }],
    ['when nothing is due', { quiet: true, nextAt: null }],
    ['to where it stands already', { quiet: true, nextAt: at(0) }],
    ['that is a wall clock', { quiet: true, nextAt: at(5), mode: 'wall' }],
  ])('does not move the clock %s', async (_, state) => {
    Object.assign(clock, state);
    await clock.looks(4);
    expect(clock.moves).toEqual([]);
    expect(heard.length).toBeGreaterThan(0);
  });

  it('takes a refusal as news and looks again', async () => {
    clock.refusals = 2;
    clock.nextAt = at(5);
    await clock.looks(5);
    expect(clock.moves).toEqual([at(5)]);
  });
});
