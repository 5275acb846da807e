import { readMotions } from '../../apps/cli/stack/lab-truth';
import { scoreTransfers } from '../../apps/cli/stack/transfer-score';
import { ApiProblem } from '../../libs/client/client';
import { DevStack } from '../chaos/dev-stack';
import { smallCampaign } from '../chaos/small-campaign';

/** The shipped processes, started as a user starts them, run one small campaign to its end. */
describe('a campaign, end to end', () => {
  const stack = new DevStack(() => undefined);
  const slug = 'end-to-end';
  const text = smallCampaign({ id: slug, rounds: 1 });
  const submit = (body: string, idempotencyKey: string): Promise<{ id: string; slug: string }> =>
    stack.client().post('/v1/campaigns', { text: body, contentType: 'text/yaml', idempotencyKey });

  beforeAll(() => stack.start(), 120_000);
  afterAll(() => stack.end(), 60_000);

  it('refuses a bad file with all its mistakes and stores nothing', async () => {
    const bad = text.replace('[A, B]', '[A, Z]').replace('maxRounds: 1', 'maxRounds: none');
    const refusal = await submit(bad, 'bad').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiProblem);
    const findings = (refusal as ApiProblem).problem.findings ?? [];
    expect(findings.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/library/slots/0/position/1', '/budget/maxRounds']),
    );
    expect(findings.every(({ line, column }) => line !== undefined && column !== undefined)).toBe(true);
    expect((await stack.client().get<{ items: unknown[] }>('/v1/campaigns')).items).toEqual([]);
  });

  it('answers the same key with the same campaign, and another text under it with a conflict', async () => {
    const first = await submit(text, 'key');
    expect(await submit(text, 'key')).toEqual(first);
    await expect(submit(`${text}\n# changed\n`, 'key')).rejects.toMatchObject({
      problem: { type: 'idempotency-conflict' },
    });
  });

  it('runs to its end through real robots, and reports what it found and where the tubes are', async () => {
    const view = await stack.until(slug, (seen) => seen.status === 'finished', 240);
    expect(view.constructsMeasured).toBeGreaterThan(0);
    const report = await stack.report(slug);
    expect(report.simulated).toBe(true);
    expect(report.rounds.map(({ kind }) => kind)).toEqual(['explore', 'confirm']);
    const winner = report.winners[0];
    expect(winner?.confirmedScore).toBeDefined();
    expect(winner?.tubes[0]).toMatchObject({ place: 'freezer-80', kind: 'glycerol-stock' });
    expect(report.wells.every((well) => well.job !== '' && well.device !== '' && well.fileSha256.length === 64)).toBe(
      true,
    );
    const page = await stack.client().text(`/v1/campaigns/${slug}/report?format=html`);
    expect(page).toContain('SIMULATED DATA');
    expect(await stack.client().text(`/v1/campaigns/${slug}/report?format=genbank`)).toMatch(/^LOCUS/);
  }, 260_000);

  it('moved every drop that was asked for, once', async () => {
    const { given, made } = await readMotions(stack.state().labUrl);
    const score = scoreTransfers(given, made);
    expect(score.transfersPlanned).toBeGreaterThan(100);
    expect(score).toMatchObject({ transfersDone: score.transfersPlanned, transfersDoubled: 0, transfersUnplanned: 0 });
  });

  it('lets nobody in without a token, and nobody decide without the role', async () => {
    const { apiUrl } = stack.state();
    expect((await fetch(new URL('/v1/campaigns', apiUrl))).status).toBe(401);
    await expect(
      stack.client('biosafety').post('/v1/campaigns', { text, contentType: 'text/yaml', idempotencyKey: 'other' }),
    ).rejects.toMatchObject({ problem: { status: 403 } });
  });
});
