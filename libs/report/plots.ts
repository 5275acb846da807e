/** Plots as SVG text, without a library: a report must open anywhere, offline, for ever. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  readonly label?: string;
  readonly group?: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly line: boolean;
  readonly dashed?: boolean;
}

export interface Axes {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly width?: number;
  readonly height?: number;
  /** Draws the line y = x. */
  readonly diagonal?: boolean;
  readonly integerX?: boolean;
}

/** Colour-blind safe (Okabe & Ito 2008). */
const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#999999'];
const margin = { left: 62, right: 14, top: 30, bottom: 44 };

/** Escapes text for XML. */
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A line or scatter plot with error bars, ticks and a legend. */
export function xyPlot(axes: Axes, series: readonly Series[]): string {
  const width = axes.width ?? 520;
  const height = axes.height ?? 320;
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return emptyPlot(axes.title, width, height);
  const ys = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]);
  let xRange = padded(
    points.map((point) => point.x),
    axes.integerX ? 0.4 : undefined,
  );
  let yRange = padded(ys);
  if (axes.diagonal) xRange = yRange = padded([...points.map((point) => point.x), ...ys]);
  const sx = scale(xRange, [margin.left, width - margin.right]);
  const sy = scale(yRange, [height - margin.bottom, margin.top]);
  const body = [
    ...grid(axes, xRange, yRange, sx, sy, width, height),
    ...(axes.diagonal
      ? [
          `<line x1="${sx(xRange[0])}" y1="${sy(xRange[0])}" x2="${sx(xRange[1])}" y2="${sy(xRange[1])}" class="diagonal"/>`,
        ]
      : []),
    ...series.map((one, index) => drawSeries(one, palette[index % palette.length] as string, sx, sy)),
    ...legend(series, width),
  ];
  return svg(width, height, axes.title, body);
}

/** Horizontal bars, one per step, with the count behind. */
export function barPlot(title: string, bars: readonly { readonly label: string; readonly value: number }[]): string {
  const width = 520;
  const height = 40 + bars.length * 30;
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const body = bars.map((bar, index) => {
    const y = 34 + index * 30;
    const length = (bar.value / most) * 300;
    return `<text x="150" y="${y + 14}" text-anchor="end">${escapeXml(bar.label)}</text><rect x="158" y="${y}" width="${length.toFixed(1)}" height="20" fill="${palette[0]}"/><text x="${(164 + length).toFixed(1)}" y="${y + 14}">${bar.value}</text>`;
  });
  return svg(width, height, title, body);
}

/** A plate as a heat map; wells without a value stay empty, flagged ones get a cross. */
export function plateMap(
  title: string,
  rows: number,
  columns: number,
  wells: ReadonlyMap<string, { readonly value?: number; readonly flagged: boolean; readonly label: string }>,
): string {
  const cell = columns > 12 ? 14 : 26;
  const values = [...wells.values()].flatMap((well) => (well.value === undefined ? [] : [well.value]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const body: string[] = [];
  for (let column = 0; column < columns; column++)
    body.push(
      `<text x="${34 + column * cell + cell / 2}" y="38" text-anchor="middle" class="tick">${column + 1}</text>`,
    );
  for (let row = 0; row < rows; row++) {
    const letter = rowName(row);
    body.push(`<text x="28" y="${44 + row * cell + cell * 0.65}" text-anchor="end" class="tick">${letter}</text>`);
    for (let column = 0; column < columns; column++) {
      const well = wells.get(`${letter}${column + 1}`);
      body.push(plateCell(34 + column * cell, 44 + row * cell, cell, well, low, high));
    }
  }
  return svg(48 + columns * cell, 56 + rows * cell, title, body);
}

function plateCell(
  x: number,
  y: number,
  cell: number,
  well: { readonly value?: number; readonly flagged: boolean; readonly label: string } | undefined,
  low: number,
  high: number,
): string {
  const share = well?.value === undefined ? undefined : high > low ? (well.value - low) / (high - low) : 0.5;
  const fill =
    share === undefined ? '#f4f4f4' : `hsl(${(245 - 185 * share).toFixed(0)} 65% ${(34 + 36 * share).toFixed(0)}%)`;
  const cross = well?.flagged
    ? `<path d="M${x + 3} ${y + 3}L${x + cell - 4} ${y + cell - 4}M${x + cell - 4} ${y + 3}L${x + 3} ${y + cell - 4}" stroke="#c00"/>`
    : '';
  const hover = well ? `<title>${escapeXml(well.label)}</title>` : '';
  return `<g>${hover}<rect x="${x}" y="${y}" width="${cell - 1}" height="${cell - 1}" rx="3" fill="${fill}"/>${cross}</g>`;
}

/** Row letters of a plate: A … Z, AA … AF. */
const rowName = (row: number): string =>
  row < 26 ? String.fromCharCode(65 + row) : `A${String.fromCharCode(65 + row - 26)}`;

function grid(
  axes: Axes,
  xRange: Range,
  yRange: Range,
  sx: (x: number) => number,
  sy: (y: number) => number,
  width: number,
  height: number,
): string[] {
  const xTicks = axes.integerX ? ticks(xRange).filter(Number.isInteger) : ticks(xRange);
  return [
    ...ticks(yRange).map(
      (tick) =>
        `<line x1="${margin.left}" x2="${width - margin.right}" y1="${sy(tick)}" y2="${sy(tick)}" class="grid"/><text x="${margin.left - 6}" y="${sy(tick) + 4}" text-anchor="end" class="tick">${tickText(tick)}</text>`,
    ),
    ...xTicks.map(
      (tick) =>
        `<text x="${sx(tick)}" y="${height - margin.bottom + 16}" text-anchor="middle" class="tick">${tickText(tick)}</text>`,
    ),
    `<text x="${(margin.left + width) / 2}" y="${height - 8}" text-anchor="middle">${escapeXml(axes.xLabel)}</text>`,
    `<text transform="rotate(-90)" x="${-(height - margin.bottom + margin.top) / 2}" y="14" text-anchor="middle">${escapeXml(axes.yLabel)}</text>`,
  ];
}

function drawSeries(series: Series, colour: string, sx: (x: number) => number, sy: (y: number) => number): string {
  const path = series.points
    .map((point, i) => `${i ? 'L' : 'M'}${sx(point.x).toFixed(1)} ${sy(point.y).toFixed(1)}`)
    .join('');
  const line = series.line
    ? `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${series.dashed ? ' stroke-dasharray="5 4"' : ''}/>`
    : '';
  const marks = series.points.map((point) => {
    const [x, y] = [sx(point.x).toFixed(1), sy(point.y).toFixed(1)];
    const bar =
      point.low === undefined || point.high === undefined
        ? ''
        : `<line x1="${x}" x2="${x}" y1="${sy(point.low).toFixed(1)}" y2="${sy(point.high).toFixed(1)}" stroke="${colour}" stroke-opacity=".5"/>`;
    return `${bar}<circle cx="${x}" cy="${y}" r="3.2" fill="${colour}"><title>${escapeXml(point.label ?? '')}</title></circle>`;
  });
  return line + marks.join('');
}

function legend(series: readonly Series[], width: number): string[] {
  if (series.length < 2) return [];
  return series.map(
    (one, index) =>
      `<g><rect x="${width - 150}" y="${36 + index * 16}" width="10" height="10" fill="${palette[index % palette.length]}"/><text x="${width - 136}" y="${45 + index * 16}" class="tick">${escapeXml(one.name)}</text></g>`,
  );
}

type Range = readonly [number, number];

function padded(values: readonly number[], by?: number): Range {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = by ?? ((high - low) * 0.06 || Math.abs(high) * 0.1 || 1);
  return [low - pad, high + pad];
}

const scale =
  ([low, high]: Range, [from, to]: Range) =>
  (value: number): number =>
    from + ((value - low) / (high - low)) * (to - from);

/** Round numbers inside the range, about five of them. */
function ticks([low, high]: Range): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough) ?? power * 10;
  const found: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

const tickText = (value: number): string =>
  Math.abs(value) >= 10_000 ? value.toExponential(1) : String(Number(value.toPrecision(4)));

const emptyPlot = (title: string, width: number, height: number): string =>
  svg(width, height, title, [
    `<text x="${width / 2}" y="${height / 2}" text-anchor="middle" class="tick">no data</text>`,
  ]);

const svg = (width: number, height: number, title: string, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeXml(title)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><text x="${width / 2}" y="18" text-anchor="middle" class="title">${escapeXml(title)}</text>${body.join('')}</svg>`;
