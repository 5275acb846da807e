import { createHash } from 'node:crypto';
import type { Outcome } from '../../libs/device/job';
import type { FakeAnswer, FakeRequest } from './http-fake';
import { FakeServer, jsonOf, problem } from './http-fake';

/** What its file holds. */
export const content = Buffer.from('what the instrument wrote');
const sha256 = createHash('sha256').update(content).digest('hex');

/** The outcome every run of the counting instrument has. */
export const itsOutcome: Outcome = {
  version: 1,
  result: 'succeeded',
  transfers: { done: [[1, 3]], uncertain: [] },
  files: [{ sha256, bytes: content.byteLength, name: 'run.txt', mediaType: 'text/plain' }],
};

/** An instrument behind the front panel's routes that counts how often each dispatch was triggered. It forbids nothing itself. */
export class CountingInstrument {
  readonly triggers = new Map<string, number>();
  readonly server = new FakeServer((request) => this.handle(request));
  /** Observations of a dispatch that are answered with "running" before its end. */
  runsFor = 1;
  private readonly looks = new Map<string, number>();
  private readonly refused = new Set<string>();

  private handle(request: FakeRequest): FakeAnswer {
    const [, , , action, name] = request.path.split('/');
    if (action === 'files') return { status: 200, bytes: content };
    if (action === 'runs') return this.look(name as string);
    const { dispatchId } = jsonOf<{ dispatchId: string }>(request);
    if (action === 'stage') return { status: 200, json: { durationMs: 1_000 } };
    if (action === 'self-test') return { status: 200, json: { passed: true, message: 'well' } };
    if (action === 'refuse') return this.refuse(dispatchId);
    if (this.refused.has(dispatchId)) return problem(409, 'refused');
    this.triggers.set(dispatchId, (this.triggers.get(dispatchId) ?? 0) + 1);
    return { status: 200, json: {} };
  }

  private look(dispatchId: string): FakeAnswer {
    if (!this.triggers.has(dispatchId)) return { status: 200, json: { state: 'never-started' } };
    const looks = (this.looks.get(dispatchId) ?? 0) + 1;
    this.looks.set(dispatchId, looks);
    const done = looks > this.runsFor;
    return { status: 200, json: done ? { state: 'done', outcome: itsOutcome } : { state: 'running' } };
  }

  private refuse(dispatchId: string): FakeAnswer {
    if (this.triggers.has(dispatchId)) return this.look(dispatchId);
    this.refused.add(dispatchId);
    return { status: 200, json: { state: 'never-started' } };
  }
}
