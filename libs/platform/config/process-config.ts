import { IsIn, IsNotEmpty } from 'class-validator';
import { Variable } from './variable';

/** How a process is run: on one machine by the embedded stack, or against a cluster. */
export type Mode = 'embedded' | 'production';

/** Levels of detail of a log, quietest first. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

/** One level of detail of a log. */
export type LogLevel = (typeof logLevels)[number];

/** What every process reads. */
export class ProcessConfig {
  @Variable('MODE', {
    description: '`embedded` on one machine, `production` against a PostgreSQL and a Temporal cluster.',
  })
  @IsIn(['embedded', 'production'])
  mode: Mode = 'production';

  @Variable('LOG_LEVEL', { description: 'The least important message that is logged.' })
  @IsIn(logLevels)
  logLevel: LogLevel = 'info';

  @Variable('ANNEAL_DATA_DIR', { description: 'Folder of the embedded stack, of journals and of log files.' })
  @IsNotEmpty()
  dataDir: string = '.anneal';
}
