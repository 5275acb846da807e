import { scoreTransfers } from './transfer-score';

const given = [
  { dispatchId: 'd1', jobId: 'j1', ordinals: [1, 2, 3] },
  { dispatchId: 'd2', jobId: 'j1', ordinals: [3] },
];

describe('transfer score', () => {
  it('counts a transfer once however many dispatches ask for it', () => {
    expect(scoreTransfers(given, []).transfersPlanned).toBe(3);
  });

  it('sees a transfer that a retry did again', () => {
    const made = [1, 2, 3].map((ordinal) => ({ dispatchId: 'd1', jobId: 'j1', ordinal }));
    expect(scoreTransfers(given, [...made, { dispatchId: 'd2', jobId: 'j1', ordinal: 3 }])).toEqual({
      transfersPlanned: 3,
      transfersDone: 3,
      transfersDoubled: 1,
      transfersUnplanned: 0,
    });
  });

  it('sees a lost transfer and one nobody asked for', () => {
    const made = [
      { dispatchId: 'd1', jobId: 'j1', ordinal: 1 },
      { dispatchId: 'd9', jobId: 'j9', ordinal: 1 },
    ];
    expect(scoreTransfers(given, made)).toMatchObject({ transfersDone: 1, transfersUnplanned: 1 });
  });
});
