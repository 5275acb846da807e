import { writeFile } from 'node:fs/promises';
import { bundlePath, bundleWorkflows } from './host/workflow-bundle';

/** Builds `dist/workflow-bundle.js` from the compiled workflows; part of `npm run build`. */
async function main(): Promise<void> {
  const { code } = await bundleWorkflows();
  await writeFile(bundlePath(), code);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
