import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../apps/cli/stack/project-root';
import { searchAttributes } from '../../apps/cli/stack/search-attributes';
import { ApiConfig, loadApiConfig } from '../../libs/platform/config/api-config';
import { describeVariables } from '../../libs/platform/config/variable';
import { loadWorkerConfig, WorkerConfig } from '../../libs/platform/config/worker-config';

interface Service {
  image: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  deploy?: { replicas: number };
  build?: { dockerfile: string; target: string };
  ports?: string[];
  volumes?: string[];
  configs?: { source: string; target: string }[];
  restart: string;
  stop_grace_period?: string;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
}

const text = readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const oneShot = ['temporal-schema', 'temporal-namespace', 'migrate'];
const lasting = services.filter(([name]) => !oneShot.includes(name));

/** What a container is given: `${NAME:-default}` and `${NAME:?reason}` resolved. */
function environmentOf(name: string): Record<string, string> {
  const given = Object.entries(compose.services[name]?.environment ?? {});
  const resolve = (value: string): string =>
    value.replaceAll(/\$\{\w+(?::-([^}]*)|:\?[^}]*)\}/g, (_, fallback?: string) => fallback ?? 'secret1');
  return Object.fromEntries(given.map(([key, value]) => [key, resolve(String(value))]));
}

/** The script or file of `configs`, as the container sees it. */
const configOf = (name: string): string => (compose.configs[name]?.content ?? '').replaceAll('$$', '$');

describe('docker-compose.yml', () => {
  it('has the processes, the database, the Temporal cluster and its UI', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      ...['api', 'migrate', 'postgres', 'temporal', 'temporal-namespace', 'temporal-schema', 'temporal-ui', 'worker'],
    ]);
  });

  it.each(['api', 'worker'])('runs two replicas of the %s', (name) => {
    expect(compose.services[name]?.deploy?.replicas).toBe(2);
  });

  it.each(services)('pins the image of %s', (_, service) => {
    expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+[\w.-]*$/);
  });

  it.each(lasting)('asks %s for its health and starts it again', (_, service) => {
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(service.restart).toBe('unless-stopped');
  });

  it.each(oneShot)('runs %s to its end before what needs it starts', (name) => {
    const waiting = services.filter(([, service]) => service.depends_on?.[name]);
    expect(waiting.length).toBeGreaterThan(0);
    for (const [, service] of waiting)
      expect(service.depends_on?.[name]?.condition).toBe('service_completed_successfully');
  });

  it.each(services)('waits only for services that exist, in %s', (_, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const expected = oneShot.includes(name) ? 'service_completed_successfully' : 'service_healthy';
      expect([Object.keys(compose.services).includes(name), condition]).toEqual([true, expected]);
    }
  });

  it('lets the api start without Temporal', () => {
    expect(Object.keys(compose.services['api']?.depends_on ?? {})).toEqual(['migrate']);
  });

  it.each([
    ['api', ApiConfig],
    ['migrate', ApiConfig],
    ['worker', WorkerConfig],
  ])('sets only variables that the %s reads', (name, config) => {
    const read = describeVariables(config as new () => object).map((variable) => variable.name);
    expect(Object.keys(environmentOf(name)).filter((variable) => !read.includes(variable))).toEqual([]);
  });

  it('sets values that api and worker accept', () => {
    expect(loadApiConfig(environmentOf('api'))).toMatchObject({
      mode: 'production',
      apiHost: '0.0.0.0',
      apiPort: 8400,
    });
    expect(loadWorkerConfig(environmentOf('worker'))).toMatchObject({ mode: 'production', healthPort: 8401 });
  });

  it.each(['api', 'worker'])('asks the port the %s listens on', (name) => {
    const { API_PORT: api, WORKER_HEALTH_PORT: worker } = environmentOf(name);
    expect(compose.services[name]?.healthcheck?.test.join(' ')).toContain(`127.0.0.1:${api ?? worker}/health`);
  });

  it('gives the worker longer to stop than its activities may take', () => {
    const grace = Number.parseInt(compose.services['worker']?.stop_grace_period ?? '0', 10) * 1_000;
    expect(grace).toBeGreaterThan(loadWorkerConfig(environmentOf('worker')).shutdownGraceMs);
  });

  it('keeps the databases on a named volume', () => {
    const [volume] = compose.services['postgres']?.volumes ?? [];
    expect(volume?.split(':')[0]).toBe('postgres');
    expect(Object.keys(compose.volumes)).toEqual(['postgres']);
  });

  it('publishes on loopback only', () => {
    for (const [, service] of services) for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('publishes a port for each replica of the api', () => {
    const [, range] = /:(\d+-\d+):/.exec(compose.services['api']?.ports?.[0] ?? '') ?? [];
    const [first, last] = (range ?? '').split('-').map(Number) as [number, number];
    expect(last - first + 1).toBe(compose.services['api']?.deploy?.replicas);
  });

  it('makes the three databases', () => {
    const made = [...configOf('databases').matchAll(/create database (\w+) owner (\w+)/g)].map(([, name]) => name);
    expect(made).toEqual(['anneal', 'temporal', 'temporal_visibility']);
  });

  it('holds no password', () => {
    const passwords = services.flatMap(([, { environment }]) =>
      Object.entries(environment ?? {}).filter(([name]) => /PASSWORD|PWD|_URL$/.test(name)),
    );
    expect(passwords.length).toBeGreaterThan(4);
    for (const [, value] of passwords) expect(value).toMatch(/\$\{\w+:\?/);
  });

  it('registers every search attribute of the workflows', () => {
    const wanted = Object.entries(searchAttributes).map(([name, type]) => `${name}=${type}`);
    const registered = [...configOf('temporal-namespace').matchAll(/\b[A-Z]\w+=(?:Keyword|Int|Datetime)\b/g)];
    expect(registered.map(([pair]) => pair).sort()).toEqual(wanted.sort());
  });

  it.each(['temporal-schema', 'temporal-namespace', 'databases'])('has a %s script that parses', (name) => {
    const checked = spawnSync(name === 'databases' ? 'bash' : 'sh', ['-n'], {
      input: configOf(name),
      encoding: 'utf8',
    });
    expect([checked.status, checked.stderr]).toEqual([0, '']);
  });

  it('mounts only configs that exist, and uses each', () => {
    const used = services.flatMap(([, service]) => (service.configs ?? []).map(({ source }) => source));
    expect([...new Set(used)].sort()).toEqual(Object.keys(compose.configs).sort());
  });

  it('builds its images from stages of the Dockerfile', () => {
    for (const [, { build }] of services) {
      if (!build) continue;
      expect(readFileSync(join(projectRoot, build.dockerfile), 'utf8')).toMatch(
        new RegExp(` AS ${build.target}$`, 'm'),
      );
    }
  });

  it('stays off musl, for which the Temporal SDK has no binary', () => {
    expect(readFileSync(join(projectRoot, 'apps/Dockerfile'), 'utf8')).not.toMatch(/^FROM .*alpine/m);
  });
});
