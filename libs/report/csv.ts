import type { Report } from './report';

/** Every well of the campaign with its value and origin, one row each; RFC 4180, first line a comment when data are simulated. */
export function wellsCsv(report: Report): string {
  const header =
    'round,plate,well,role,name,readout,unit,value,state,flags,reason,sample_id,clone_id,job,device,file_sha256';
  const rows = report.wells.map((well) =>
    [
      well.round,
      well.barcode,
      well.well,
      well.role,
      well.name,
      well.readout,
      well.unit,
      well.value ?? '',
      well.state,
      well.flags.join(' '),
      well.reason ?? '',
      well.sampleId ?? '',
      well.cloneId ?? '',
      well.job,
      well.device,
      well.fileSha256,
    ]
      .map(csvCell)
      .join(','),
  );
  return [...simulatedLine(report), header, ...rows, ''].join('\n');
}

/** Every construct with its estimates and predictions, one row per readout. */
export function constructsCsv(report: Report): string {
  const header =
    'round,design,construct_id,name,arm,status,status_reason,score,readout,mean,low,high,clones,cultures,wells,plates,predicted_mean,predicted_low,predicted_high';
  const rows = report.constructs.flatMap((construct) =>
    report.campaign.readouts.map(({ id }) => {
      const value = construct.values[id];
      const predicted = construct.predicted?.[id];
      return [
        construct.round,
        construct.designIndex,
        construct.constructId,
        construct.name,
        construct.arm,
        construct.status,
        construct.statusReason ?? '',
        construct.score ?? '',
        id,
        value?.mean ?? '',
        value?.low ?? '',
        value?.high ?? '',
        value?.clones ?? '',
        value?.cultures ?? '',
        value?.wells ?? '',
        value?.plates ?? '',
        predicted?.mean ?? '',
        predicted?.low ?? '',
        predicted?.high ?? '',
      ]
        .map(csvCell)
        .join(',');
    }),
  );
  return [...simulatedLine(report), header, ...rows, ''].join('\n');
}

export const simulatedSentence = 'SIMULATED DATA: at least one device of this campaign is a virtual one.';

const simulatedLine = (report: Report): string[] => (report.simulated ? [`# ${simulatedSentence}`] : []);

/** Quotes what needs quoting; a leading = + - @ of a text cell is disarmed, since spreadsheets would run it. */
function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
