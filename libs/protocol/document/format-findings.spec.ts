import { formatFindings } from './format-findings';

describe('formatFindings', () => {
  it('shows place, source line with a caret, message and advice', () => {
    const finding = {
      pointer: '/budget/maxRounds',
      code: 'wrong-type' as const,
      message: 'expected a whole number from 1 to 50, found "two"',
      suggestion: 'write a number',
      line: 2,
      column: 12,
    };
    expect(formatFindings([finding], 'campaign.yaml', 'budget:\n\tmaxRounds: two\n')).toBe(
      [
        'campaign.yaml:2:12  wrong-type  /budget/maxRounds',
        '    2 |  maxRounds: two',
        '      |            ^',
        '  expected a whole number from 1 to 50, found "two"',
        '  → write a number',
        '',
        '1 mistake in campaign.yaml',
        '',
      ].join('\n'),
    );
  });

  it('shows the part of a long line that matters', () => {
    const finding = { pointer: '', code: 'document-syntax' as const, message: 'm', line: 1, column: 400 };
    const [, source, caret] = formatFindings([finding], 'f', `${'x'.repeat(399)}!${'y'.repeat(400)}`).split('\n');
    expect(source?.[caret?.indexOf('^') ?? 0]).toBe('!');
    expect(source?.length).toBeLessThan(125);
  });

  it('does without source and without place', () => {
    const finding = { pointer: '', code: 'document-too-large' as const, message: 'expected less, found more' };
    expect(formatFindings([finding, finding], 'f', '')).toContain('2 mistakes in f');
  });
});
