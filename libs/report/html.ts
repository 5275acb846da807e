import { basisText, counted } from './counted';
import { simulatedSentence } from './csv';
import { barPlot, escapeXml, plateMap, xyPlot, type Series } from './plots';
import type { Estimate, Report, ReportWell, Winner } from './report';

/** One self-contained HTML page: winners, where the tubes are, how it got there, and every well. */
export function reportHtml(report: Report): string {
  const { campaign } = report;
  const banner = report.simulated ? `<p class="simulated">${simulatedSentence}</p>` : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(campaign.title)} – Anneal report</title><style>${style}</style></head><body>
${banner}
<h1>${escapeXml(campaign.title)}</h1>
<p>Campaign <code>${escapeXml(campaign.slug)}</code>, revision ${campaign.revision}: <strong>${escapeXml(campaign.status)}</strong>${campaign.reason ? ` – ${escapeXml(campaign.reason)}` : ''}.
${counted(report.rounds.length, 'round')} in ${campaign.labDays.toFixed(1)} lab days; ${counted(campaign.librarySize, 'possible construct')}, ${measuredCount(report)} measured.</p>
<p>Objective: ${objectiveText(report)}.</p>
<h2>Winners</h2>${winnersTable(report)}
<h2>How it got there</h2><div class="plots">${learningCurve(report)}${funnel(report)}${report.campaign.readouts.map((readout) => predictedMeasured(report, readout.id, readout.unit)).join('')}</div>
${lossTable(report)}
<h2>Plates</h2><div class="plots">${plates(report)}</div>
<h2>Constructs</h2>${constructsTable(report)}
${incidents(report)}
<h2>Every value and its origin</h2><details><summary>${counted(report.wells.length, 'well value')}</summary>${wellsTable(report)}</details>
</body></html>
`;
}

function measuredCount(report: Report): number {
  return new Set(
    report.constructs.filter((construct) => construct.score !== undefined).map((construct) => construct.constructId),
  ).size;
}

function objectiveText(report: Report): string {
  return report.campaign.objectives
    .map(
      (o) =>
        `${escapeXml(o.goal)} <code>${escapeXml(o.readout)}</code>${o.value === undefined ? '' : ` ${o.value}`} (weight ${o.weight})`,
    )
    .join(', ');
}

function winnersTable(report: Report): string {
  if (report.winners.length === 0) return '<p>No construct was measured.</p>';
  const readouts = report.campaign.readouts;
  const head = readouts
    .map(({ id, unit }) => `<th>${escapeXml(id)}<br><small>${escapeXml(unit)}</small></th>`)
    .join('');
  const rows = report.winners.map((winner) =>
    winnerRow(
      winner,
      readouts.map((readout) => readout.id),
    ),
  );
  return `<table><thead><tr><th>#</th><th>construct</th><th>score</th>${head}<th>rests on</th><th>where the tube is</th></tr></thead><tbody>${rows.join('')}</tbody></table>
<p class="note">The upper figure was measured while selecting: it is the best of many noisy values and so biased upwards. ${confirmNote(report)} Intervals are 95 %.</p>`;
}

const confirmNote = ({ winners }: Report): string =>
  winners.some(({ confirmedScore }) => confirmedScore !== undefined)
    ? 'The lower, bold one was re-measured in the confirm round: that is the one to quote.'
    : 'None was re-measured in a confirm round.';

/** Values of the selection above, values of the confirm round below. */
function winnerRow(winner: Winner, readouts: readonly string[]): string {
  const twice = (first: string, again: string | undefined): string =>
    `<td>${first}${again === undefined ? '' : `<br><strong>${again}</strong> <small>re-measured in the confirm round</small>`}</td>`;
  const cells = readouts.map((id) =>
    twice(estimate(winner.values[id]), winner.confirmed[id] && estimate(winner.confirmed[id])),
  );
  const basis = Object.values(winner.confirmed)[0] ?? Object.values(winner.values)[0];
  const tubes = winner.tubes.map(
    (tube) => `<code>${escapeXml(tube.barcode)}</code> ${escapeXml(tube.well)} in ${escapeXml(tube.place)}`,
  );
  const score = twice(
    number(winner.score),
    winner.confirmedScore === undefined ? undefined : number(winner.confirmedScore),
  );
  return `<tr><td>${winner.rank}</td><td>${choiceText(winner.choice)}<br><small>${breakable(winner.name)}</small></td>${score}${cells.join('')}<td>${basis ? basisText(basis) : '–'}</td><td>${tubes.join('<br>') || '–'}</td></tr>`;
}

/** Long construct names may break after a part. */
const breakable = (name: string): string => escapeXml(name).replaceAll('+', '+<wbr>').replaceAll('@', '@<wbr>');

const choiceText = (choice: Readonly<Record<string, string>>): string =>
  Object.entries(choice)
    .map(([slot, part]) => `${escapeXml(slot)} <strong>${escapeXml(part)}</strong>`)
    .join(', ');

function estimate(value: Estimate | undefined): string {
  if (!value) return '–';
  const interval =
    value.low === undefined || value.high === undefined
      ? ''
      : ` <small>[${number(value.low)}, ${number(value.high)}]</small>`;
  return number(value.mean) + interval;
}

const number = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(4)));

function learningCurve(report: Report): string {
  const scored = report.constructs.filter((construct) => construct.score !== undefined);
  const series: Series[] = [
    {
      name: 'measured',
      line: false,
      points: scored.map((c) => ({ x: c.round, y: c.score as number, label: `${c.name} (${c.arm})` })),
    },
    {
      name: 'best so far',
      line: true,
      points: report.rounds.flatMap((round) =>
        round.bestSoFar === undefined ? [] : [{ x: round.number, y: round.bestSoFar, label: `round ${round.number}` }],
      ),
    },
  ];
  return xyPlot({ title: 'Learning curve', xLabel: 'round', yLabel: 'score', integerX: true }, series);
}

function funnel(report: Report): string {
  return barPlot(
    'From designed to measured',
    report.funnel.map((step) => ({ label: step.step, value: step.count })),
  );
}

function predictedMeasured(report: Report, readout: string, unit: string): string {
  const points = report.constructs.flatMap((construct) => {
    const predicted = construct.predicted?.[readout];
    const measured = construct.values[readout];
    return predicted && measured
      ? [
          {
            x: measured.mean,
            y: predicted.mean,
            low: predicted.low,
            high: predicted.high,
            label: `${construct.name}, round ${construct.round}`,
          },
        ]
      : [];
  });
  return xyPlot(
    {
      title: `${readout}: predicted before the data, and measured`,
      xLabel: `measured, ${unit}`,
      yLabel: `predicted, ${unit}`,
      diagonal: true,
    },
    [{ name: readout, line: false, points }],
  );
}

function lossTable(report: Report): string {
  if (report.losses.length === 0) return '';
  const rows = report.losses.map(
    (loss) => `<tr><td>${escapeXml(loss.status)}</td><td>${escapeXml(loss.reason)}</td><td>${loss.count}</td></tr>`,
  );
  return `<h3>Why designs were lost</h3><table><thead><tr><th>status</th><th>reason</th><th>designs</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function plates(report: Report): string {
  const byPlate = new Map<string, ReportWell[]>();
  for (const well of report.wells) {
    const key = `${well.barcode} · ${well.readout}`;
    byPlate.set(key, [...(byPlate.get(key) ?? []), well]);
  }
  return [...byPlate].map(([title, wells]) => plateOf(title, wells)).join('');
}

function plateOf(title: string, wells: readonly ReportWell[]): string {
  const large = wells.some((well) => /^[I-P]/.test(well.well) || Number(well.well.slice(1)) > 12);
  const cells = new Map(
    wells.map((well) => [
      well.well,
      {
        ...(well.value === undefined ? {} : { value: well.value }),
        flagged: well.state !== 'ok',
        label: `${well.well} ${well.name}: ${well.value === undefined ? well.state : `${number(well.value)} ${well.unit}`}${well.reason ? ` – ${well.reason}` : ''}`,
      },
    ]),
  );
  return plateMap(title, large ? 16 : 8, large ? 24 : 12, cells);
}

function constructsTable(report: Report): string {
  const readouts = report.campaign.readouts;
  const rows = report.constructs.map(
    (c) =>
      `<tr><td>${c.round}</td><td>${breakable(c.name)}</td><td>${escapeXml(c.arm)}</td><td>${escapeXml(c.reason)}</td><td>${escapeXml(c.status)}${c.statusReason ? `<br><small>${escapeXml(c.statusReason)}</small>` : ''}</td><td>${c.score === undefined ? '–' : number(c.score)}</td>${readouts.map((r) => `<td>${estimate(c.values[r.id])}</td>`).join('')}</tr>`,
  );
  return `<details open><summary>${counted(report.constructs.length, 'design')}</summary><table><thead><tr><th>round</th><th>construct</th><th>arm</th><th>why proposed</th><th>status</th><th>score</th>${readouts.map((r) => `<th>${escapeXml(r.id)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></details>`;
}

function incidents(report: Report): string {
  if (report.incidents.length === 0) return '';
  const rows = report.incidents.map(
    (incident) =>
      `<tr><td>${escapeXml(incident.openedAt)}</td><td>${escapeXml(incident.kind)}</td><td>${escapeXml(incident.message)}</td><td>${escapeXml(incident.resolution ?? 'open')}</td></tr>`,
  );
  return `<h2>Incidents</h2><table><thead><tr><th>opened</th><th>kind</th><th>what happened</th><th>resolution</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function wellsTable(report: Report): string {
  const rows = report.wells.map(
    (w) =>
      `<tr><td>${w.round}</td><td>${escapeXml(w.barcode)}</td><td>${w.well}</td><td>${escapeXml(w.name)}</td><td>${escapeXml(w.readout)}</td><td>${w.value === undefined ? '–' : number(w.value)}</td><td>${escapeXml(w.state)}</td><td>${escapeXml([...w.flags, w.reason ?? ''].join(' ').trim())}</td><td><code>${escapeXml(w.job)}</code></td><td>${escapeXml(w.device)}</td><td><code>${w.fileSha256.slice(0, 12)}</code></td></tr>`,
  );
  return `<table><thead><tr><th>round</th><th>plate</th><th>well</th><th>what</th><th>readout</th><th>value</th><th>state</th><th>flags</th><th>job</th><th>device</th><th>file</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem;color:#1c2330}
h1{margin:.2em 0}table{border-collapse:collapse;font-size:13px;margin:.6em 0}th,td{border-bottom:1px solid #e3e6ec;padding:.3em .6em;text-align:left;vertical-align:top}
th{background:#f5f7fa}.simulated{background:#fff3cd;border:1px solid #e0c36a;padding:.5em 1em;border-radius:6px;font-weight:600}
.plots{display:flex;flex-wrap:wrap;gap:14px}svg{background:#fff;border:1px solid #e3e6ec;border-radius:8px;max-width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:#1c2330}svg .title{font-weight:600;font-size:13px}svg .tick{font-size:11px;fill:#566}
svg .grid{stroke:#eceff3}svg .diagonal{stroke:#aab;stroke-dasharray:4 3}.note{color:#566;font-size:13px}code{font-size:12px}summary{cursor:pointer;margin:.4em 0}`;
