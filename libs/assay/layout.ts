/** What a well of an assay plate holds, and whose replicate it is. */
export interface WellUse {
  readonly role: 'sample' | 'blank' | 'negative' | 'reference';
  readonly sampleId?: string;
  readonly constructId?: string;
  readonly cloneId?: string;
  /** Wells of one culture are technical replicates; cultures are biological ones. */
  readonly cultureId?: string;
  /** Control of the campaign the well belongs to. */
  readonly controlId?: string;
}

/** Which well (`A1` style, unpadded) holds what. Wells that are not named are empty and not looked at. */
export interface Layout {
  readonly wells: Readonly<Record<string, WellUse>>;
}

/** Wells of the layout with a role, in the layout's order. */
export function wellsOfRole(layout: Layout, role: WellUse['role']): string[] {
  return Object.entries(layout.wells).flatMap(([well, use]) => (use.role === role ? well : []));
}
