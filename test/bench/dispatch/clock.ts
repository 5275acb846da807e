/** The machine's monotonic clock, ms: the same in every process of one machine. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
