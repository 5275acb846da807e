import type { ApiConfig } from '../../libs/platform/config/api-config';

/** Injects the configuration of the process: `@Inject(SERVER_CONFIG) config: ServerConfig`. */
export const SERVER_CONFIG = Symbol('SERVER_CONFIG');

/** What the api's modules need to know. */
export type ApiSettings = Pick<ApiConfig, 'databaseUrl' | 'databasePoolSize' | 'leaseMs' | 'sweepMs' | 'longPollMs'>;

/** Slug of the site that routes without a site name mean. */
export const defaultSite = 'main';
