import { basisText, counted } from './counted';
import { simulatedSentence } from './csv';
import type { Estimate, Report, Winner } from './report';

/** The report for a terminal: winners, where the tubes are, the funnel, the curve. */
export function reportText(report: Report): string {
  const { campaign } = report;
  const lines = [
    ...(report.simulated ? [simulatedSentence, ''] : []),
    `${campaign.title} (${campaign.slug}, revision ${campaign.revision}): ${campaign.status}${campaign.reason ? ` – ${campaign.reason}` : ''}`,
    `${counted(report.rounds.length, 'round')}, ${campaign.labDays.toFixed(1)} lab days, ${counted(campaign.librarySize, 'possible construct')}`,
    '',
    ...winnersLines(report),
    '',
    `Funnel: ${report.funnel.map((step) => `${step.count} ${step.step}`).join(' → ')}`,
    ...report.losses.map((loss) => `  ${loss.count} × ${loss.status}${loss.reason ? `: ${loss.reason}` : ''}`),
    '',
    'Round  kind     designed built measured  best    best so far',
    ...report.rounds.map((round) =>
      [
        String(round.number).padEnd(6),
        round.kind.padEnd(8),
        String(round.designed).padStart(8),
        String(round.built).padStart(5),
        String(round.measured).padStart(8),
        short(round.best).padStart(7),
        short(round.bestSoFar).padStart(12),
      ].join(' '),
    ),
    ...(report.incidents.length
      ? ['', ...report.incidents.map((i) => `Incident ${i.kind}: ${i.message} (${i.resolution ?? 'open'})`)]
      : []),
    '',
  ];
  return lines.join('\n');
}

/** The winners, and what the two figures of each are. */
function winnersLines({ winners, campaign }: Report): string[] {
  if (winners.length === 0) return ['Winners: no construct was measured'];
  const confirmed = winners.some(({ confirmedScore }) => confirmedScore !== undefined);
  return [
    'Winners (95 % intervals in brackets)',
    '  The first figure was measured while selecting: the best of many noisy values, so it is biased upwards.',
    confirmed
      ? '  The second was re-measured in the confirm round: that is the one to quote.'
      : '  None was re-measured in a confirm round.',
    ...winners.flatMap((winner) => winnerLines(winner, campaign.readouts)),
  ];
}

function winnerLines(winner: Winner, readouts: readonly { readonly id: string; readonly unit: string }[]): string[] {
  const again =
    winner.confirmedScore === undefined ? '' : `, ${short(winner.confirmedScore)} re-measured in the confirm round`;
  return [
    `  ${winner.rank}. ${winner.name}: score ${short(winner.score)} measured while selecting${again}`,
    ...readouts.map(
      ({ id, unit }) =>
        `     ${id} ${estimate(winner.values[id])}${winner.confirmed[id] ? `, re-measured ${estimate(winner.confirmed[id])}` : ''} ${unit}`,
    ),
    ...winner.tubes.map(
      (tube) => `     tube: ${tube.barcode} ${tube.well} in ${tube.place}${tube.code ? ` (${tube.code})` : ''}`,
    ),
  ];
}

function estimate(value: Estimate | undefined): string {
  if (!value) return '–';
  const interval =
    value.low === undefined || value.high === undefined ? '' : ` [${short(value.low)}, ${short(value.high)}]`;
  return `${short(value.mean)}${interval} (${basisText(value)})`;
}

const short = (value: number | undefined): string =>
  value === undefined
    ? '–'
    : Math.abs(value) >= 1000
      ? String(Math.round(value))
      : String(Number(value.toPrecision(4)));
