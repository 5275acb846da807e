const withinMs = 20_000;

/** Waits until something is so. @throws Error after 20 s */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms for: ${isSo.toString()}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}
