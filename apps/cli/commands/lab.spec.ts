import { incidentText } from './lab';

describe('incidentText', () => {
  it.each([
    ['job-unknown', 'anneal resolve d-1 happened|did-not|partly --reason WHY'],
    ['job-failed', 'anneal close i-1 retry|accept|give-up --reason WHY'],
    ['overdue', 'anneal close i-1 --reason WHY'],
  ])('names the command that answers %s', (kind, answer) => {
    const text = incidentText({
      id: 'i-1',
      kind,
      message: 'sealer-1 fell silent',
      campaign: 'demo',
      dispatchId: 'd-1',
    });
    expect(text).toBe(`${kind} of demo: sealer-1 fell silent\n    ${answer}`);
  });
});
