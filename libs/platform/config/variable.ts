import 'reflect-metadata';
import { validateSync } from 'class-validator';
import type { ValidationError } from 'class-validator';
import { DomainError } from '../../errors/domain-error';
import type { Finding } from '../../errors/domain-error';

/** The environment of a process: variable name to text. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a person who sets a variable must know. */
export interface VariableNotes {
  /** One sentence: what it is for. */
  readonly description: string;
  /** Unit of a number, e.g. `ms`. */
  readonly unit?: string;
  /** Its value never appears in a message or a log. */
  readonly secret?: boolean;
}

/** One environment variable that a configuration class reads. */
export interface VariableDescription extends VariableNotes {
  readonly name: string;
  /** Property of the class that holds it. */
  readonly property: string;
  /** Value when the variable is unset; absent when there is none. */
  readonly default?: unknown;
}

/** The whole environment of this process, for the processes it starts. */
export function ownEnvironment(): Environment {
  return process.env;
}

type ConfigClass<T extends object> = new () => T;

const declared = new WeakMap<object, VariableDescription[]>();

/** Fills a property from an environment variable. Unset and empty both leave the property's initial value. */
export function Variable(name: string, notes: VariableNotes): PropertyDecorator {
  return (prototype, property) => {
    const own = declared.get(prototype) ?? [];
    declared.set(prototype, [...own, { ...notes, name, property: String(property) }]);
  };
}

/** Every variable a configuration class reads, inherited ones first. */
export function describeVariables<T extends object>(config: ConfigClass<T>): VariableDescription[] {
  const initial = new config() as Record<string, unknown>;
  const found: VariableDescription[] = [];
  for (let at = config.prototype as object | null; at; at = Object.getPrototypeOf(at) as object | null) {
    found.unshift(...(declared.get(at) ?? []));
  }
  return found.map((variable) =>
    initial[variable.property] === undefined ? variable : { ...variable, default: initial[variable.property] },
  );
}

/**
 * Reads and checks the configuration of a process.
 * @throws DomainError `config-invalid` naming every variable that is wrong, what it should be and what was found.
 */
export function readConfig<T extends object>(config: ConfigClass<T>, env: Environment): T {
  const instance = new config();
  const variables = describeVariables(config);
  for (const variable of variables) {
    const text = env[variable.name]?.trim();
    if (text) Object.assign(instance, { [variable.property]: convert(text, instance, variable.property) });
  }
  const findings = validateSync(instance, { stopAtFirstError: true }).map((error) => explain(error, variables, env));
  if (findings.length > 0) {
    const text = findings.map((finding) => finding.message).join('\n  ');
    throw new DomainError('config-invalid', `Wrong configuration:\n  ${text}`, {}, findings);
  }
  return instance;
}

function convert(text: string, instance: object, property: string): unknown {
  const type: unknown = Reflect.getMetadata('design:type', instance, property);
  if (type === Number) return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type === Boolean) return { true: true, '1': true, false: false, '0': false }[text.toLowerCase()] ?? text;
  return text;
}

function explain(error: ValidationError, variables: readonly VariableDescription[], env: Environment): Finding {
  const variable = variables.find((candidate) => candidate.property === error.property);
  const name = variable?.name ?? error.property;
  const text = env[name];
  const found = !text ? 'it is not set' : variable?.secret ? 'its value is not' : `found "${text}"`;
  const rule = Object.values(error.constraints ?? {})[0] ?? 'is not valid';
  const wanted = rule.replace(new RegExp(`^${error.property} `), '');
  const unit = variable?.unit ? ` (${variable.unit})` : '';
  return {
    pointer: `/${name}`,
    code: 'config-invalid',
    message: `${name} ${wanted}${unit}; ${found}. ${variable?.description ?? ''}`.trim(),
  };
}
