#!/usr/bin/env node
/** The `anneal` command. Installs and builds first where that was never done. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../../dist/apps/cli/main.js', import.meta.url);
await import(existsSync(fileURLToPath(built)) ? built.href : './bootstrap.mjs');
