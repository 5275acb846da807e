import { DomainError } from '../../errors/domain-error';
import { AgentConfig, loadAgentConfig } from './agent-config';
import { ApiConfig, loadApiConfig } from './api-config';
import { LabConfig, loadLabConfig } from './lab-config';
import { temporalConnectionOptions } from './server-config';
import { loadStackConfig, StackConfig } from './stack-config';
import { describeVariables } from './variable';
import { loadWorkerConfig, WorkerConfig } from './worker-config';

const database = { DATABASE_URL: 'postgres://anneal:pw@127.0.0.1:5432/anneal' };
const server = { ...database, TEMPORAL_ADDRESS: '127.0.0.1:7233' };

function refusal(read: () => unknown): DomainError {
  try {
    read();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('configuration', () => {
  it('takes the defaults for everything that is not set', () => {
    const config = loadApiConfig(database);
    expect(config).toMatchObject({
      mode: 'production',
      apiHost: '127.0.0.1',
      apiPort: 0,
      dataDir: '.anneal',
      leaseMs: 15_000,
      sweepMs: 1_000,
      longPollMs: 25_000,
      temporalNamespace: 'default',
      temporalTaskQueue: 'anneal',
    });
    expect(loadWorkerConfig(server)).toMatchObject({ workerCache: 200, workerTaskSlots: 100 });
  });

  it('treats an empty variable as one that is not set', () => {
    expect(loadApiConfig({ ...database, LEASE_MS: '', TEMPORAL_ADDRESS: ' ' })).toMatchObject({ leaseMs: 15_000 });
  });

  it('turns text into numbers and booleans', () => {
    expect(loadWorkerConfig({ ...server, WORKER_CACHE: '300', TEMPORAL_TLS: 'true' })).toMatchObject({
      workerCache: 300,
      temporalTls: true,
    });
  });

  it.each([
    ['LEASE_MS', 'soon', loadApiConfig],
    ['LEASE_MS', '0x10', loadApiConfig],
    ['LEASE_MS', '15.5', loadApiConfig],
    ['LONG_POLL_MS', '25001', loadApiConfig],
    ['API_PORT', '65536', loadApiConfig],
    ['MODE', 'prod', loadApiConfig],
    ['LOG_LEVEL', 'verbose', loadWorkerConfig],
    ['DATABASE_URL', 'mysql://h/d', loadApiConfig],
    ['DATABASE_URL', '', loadApiConfig],
    ['TEMPORAL_ADDRESS', 'http://h:7233', loadWorkerConfig],
    ['TEMPORAL_ADDRESS', '', loadWorkerConfig],
    ['TEMPORAL_TLS', 'yes please', loadWorkerConfig],
    ['API_URL', 'api.local', loadAgentConfig],
    ['LAB_HOST', '0.0.0.0', loadLabConfig],
    ['DATABASE_URL', 'localhost', loadStackConfig],
  ])('refuses %s=%j by name', (name, value, load) => {
    const error = refusal(() => load({ ...server, API_URL: 'http://127.0.0.1:1', [name]: value }));
    expect(error.code).toBe('config-invalid');
    expect(error.findings.map((finding) => finding.pointer)).toEqual([`/${name}`]);
    expect(error.message).toContain(name);
  });

  it('names every wrong variable at once', () => {
    const error = refusal(() => loadApiConfig({ LEASE_MS: '-1', SWEEP_MS: 'x' }));
    expect(error.findings.map((finding) => finding.pointer).sort()).toEqual([
      '/DATABASE_URL',
      '/LEASE_MS',
      '/SWEEP_MS',
    ]);
  });

  it('never shows the value of a secret', () => {
    expect(refusal(() => loadApiConfig({ DATABASE_URL: 'hunter2' })).message).not.toContain('hunter2');
  });

  it('keeps an embedded api on loopback, and lets a production one listen anywhere', () => {
    const open = { ...database, API_HOST: '0.0.0.0' };
    expect(refusal(() => loadApiConfig({ ...open, MODE: 'embedded' })).message).toContain('API_HOST');
    expect(loadApiConfig({ ...open, MODE: 'production' }).apiHost).toBe('0.0.0.0');
  });

  it('lets the api start without Temporal', () => {
    expect(temporalConnectionOptions(loadApiConfig(database))).toBeUndefined();
  });

  it('speaks TLS when there is an API key', () => {
    expect(temporalConnectionOptions(loadWorkerConfig({ ...server, TEMPORAL_API_KEY: 'k' }))).toEqual({
      address: '127.0.0.1:7233',
      apiKey: 'k',
      tls: true,
    });
  });

  it.each([ApiConfig, WorkerConfig, AgentConfig, LabConfig, StackConfig])(
    'describes every variable of %p',
    (config) => {
      const variables = describeVariables(config as new () => object);
      expect(variables.length).toBeGreaterThan(3);
      for (const variable of variables) expect(variable.description).toMatch(/\.$/);
    },
  );

  it('gives every number a unit', () => {
    const numbers = describeVariables(WorkerConfig).filter((variable) => typeof variable.default === 'number');
    expect(numbers.filter((variable) => !variable.unit)).toEqual([]);
  });
});
