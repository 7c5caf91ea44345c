/** A provider that uses all of the framework on a pretend cloud. `fail` and `delay_ms` make its operations misbehave. */
import { setTimeout as sleep } from 'node:timers/promises';
import { between, framework, FunctionError, matching, NotConfigured, oneOf, providerFunction, ProviderError, t, timeouts, type PlanOf, type StateOf } from '../../../../provider/framework/index.ts';
import { Dynamic, isObject, isUnknown, type Value, type ValueType } from '../../../../provider/protocol/value.ts';
import { Cloud, type Thing } from './cloud.ts';

const define = framework<Cloud>();

const attributes = {
  id: t.string().computed().keepsPrior().describe('Id of the thing.'),
  name: t.string().required().validate(matching(/^[a-z]/, 'begin with a lower-case letter')).describe('Its name.'),
  region: t.string().default('eu-1').requiresReplace(),
  size: t.int().default(1).validate(between(1, 1000)).requiresReplaceIf((prior, plan) => plan < prior).describe('Size in GiB. It shrinks by replacement only.'),
  ratio: t.float(),
  big: t.number(),
  tags: t.map(t.string()),
  zones: t.set(t.string()),
  ports: t.list(t.int().validate(between(1, 65_535))),
  anything: t.dynamic(),
  password: t.string().sensitive(),
  secret: t.string().writeOnly(),
  secret_version: t.int(),
  disk: t.object({ gb: t.int().required(), kind: t.string().default('ssd').validate(oneOf('ssd', 'hdd')), device: t.string().computed().keepsPrior() }),
  rules: t.setOf({ port: t.int().required(), protocol: t.string().default('tcp'), rule_id: t.string().computed() }),
  steps: t.listOf({ command: t.string().required(), length: t.int().computed() }),
  peers: t.mapOf({ host: t.string().required(), weight: t.int().default(10) }),
  endpoint: t.string().optionalComputed(),
  protected: t.bool().default(false),
  revision: t.int().computed(),
  secret_length: t.int().computed().nullable(),
  delay_ms: t.int(),
  fail: t.string(),
  timeouts: timeouts({ create: '20m', update: '20m', delete: '10m' }),
};
type Plan = PlanOf<typeof attributes>;
type State = StateOf<typeof attributes>;

const thing = define.resource({
  name: 'thing',
  description: 'A thing of the pretend cloud. It does everything a resource can.',
  example: 'resource "sample_thing" "example" {\n  name = "a"\n}\n',
  version: 2,
  attributes,
  identity: { attributes: { id: { type: 'string', description: 'Id of the thing.' } }, of: ({ id }) => ({ id }) },
  importHelp: 'Import by id: `terraform import sample_thing.example ID`.',
  validate(config, { error }) {
    if (!isUnknown(config.size) && !isUnknown(config.disk) && config.disk !== null && (config.size ?? 1) > 100 && !isUnknown(config.disk.gb) && config.disk.gb < 10) {
      error('Disk too small', 'A size above 100 needs disk.gb of at least 10.', ['disk', 'gb']);
    }
  },
  modifyPlan({ plan, prior, config }, context) {
    if (!isUnknown(plan.size) && (plan.size ?? 0) > 500) context.warn('Large thing', `${String(config.name)} has ${plan.size} GiB.`, ['size']);
    if (config.fail === 'plan') throw new ProviderError('Plan refused', 'fail = "plan"', ['fail']);
    if (prior !== null && isUnknown(plan.endpoint) && plan.name === prior.name) plan.endpoint = prior.endpoint;
    if (context.client === undefined) context.warn('Names were not checked', 'The cloud is not known yet.');
    const taken = prior === null && context.client?.all().some(({ name }) => name === plan.name);
    if (taken === true) context.warn('Name is taken', 'Another thing has this name.', ['name']);
  },
  planDestroy(prior, { error }) {
    if (prior.protected) error('Thing is protected', `Set protected = false and apply before destroying ${prior.name}.`, ['protected']);
  },
  async create(plan, context) {
    if (plan.fail === 'crash') setTimeout(() => { throw new Error('deliberate crash'); }, 5);
    if (plan.fail === 'create') throw new ProviderError('Thing was not made', 'fail = "create"', ['fail']);
    const made = context.client.put(record(plan, { revision: 1, secretLength: context.config.secret?.length ?? null }));
    context.private['made'] = { by: 'create' };
    try {
      if (plan.delay_ms !== null) await sleep(plan.delay_ms, undefined, { signal: context.signal });
    } catch (error) {
      if (plan.fail !== 'incomplete') {
        context.client.remove(made.id);
        throw error;
      }
      context.warn('Thing is incomplete', 'The next apply finishes it.');
    }
    const state = stateOf(made, plan.timeouts);
    return plan.fail === 'inconsistent' ? { ...state, name: `${state.name}-x` } : state;
  },
  async read(state, context) {
    const found = context.client.get(state.id);
    if (found === undefined) return null;
    context.private['reads'] = Number(context.private['reads'] ?? 0) + 1;
    return stateOf(found, state.timeouts);
  },
  async update(plan, prior, context) {
    if (context.private['made'] === undefined) throw new ProviderError('Private state is lost', 'It should be kept.');
    if (plan.delay_ms !== null) await sleep(plan.delay_ms, undefined, { signal: context.signal });
    if (plan.fail === 'update') throw new ProviderError('Thing was not changed', 'fail = "update"', ['fail']);
    return stateOf(context.client.put({ ...record(plan, { revision: prior.revision + 1, secretLength: context.config.secret?.length ?? null }), id: prior.id }), plan.timeouts);
  },
  async delete(state, context) { context.client.remove(state.id); },
  async import(target, context) {
    const id = target.identity?.id ?? target.id;
    if (context.client.get(id ?? '') === undefined) throw new ProviderError('Thing not found', `There is no thing with the id ${id ?? ''}.`);
    context.private['made'] = { by: 'import' };
    return { id: id ?? '' };
  },
  upgrade: {
    0: ({ title, ...old }) => ({ ...old, name: title ?? null }),
    1: ({ zone, ...old }) => ({ ...old, region: zone ?? 'eu-1' }),
  },
  move({ typeName, state }) {
    const { id, input } = state;
    if (typeName !== 'terraform_data' || typeof id !== 'string') return null;
    const value = isObject(input) ? input['value'] : null;
    return { id, name: typeof value === 'string' ? value : 'moved' };
  },
});

const filled = <T>(value: T, fallback: unknown): T => (isUnknown(value) ? fallback as T : value);
function record(plan: Plan, { revision, secretLength }: { revision: number; secretLength: number | null }): Omit<Thing, 'id'> {
  const { id: _id, timeouts: _timeouts, secret: _secret, anything, big, ...rest } = plan;
  return {
    ...rest, revision, secret_length: secretLength,
    endpoint: filled(plan.endpoint, `https://${plan.name}.example`),
    big: big === null ? null : String(big),
    anything: anything === null ? null : { type: anything.type, value: anything.value },
    disk: plan.disk && { ...plan.disk, device: filled(plan.disk.device, '/dev/sda') },
    rules: plan.rules?.map((rule) => ({ ...rule, rule_id: `r-${rule.port}` })).reverse() ?? null, // order must not matter
    steps: plan.steps?.map((step) => ({ ...step, length: step.command.length })) ?? null,
  };
}
function stateOf(found: Thing, limits: State['timeouts']): State {
  const { big, anything } = found as unknown as { big: string | null; anything: { type: ValueType; value: Value } | null };
  const missing = Object.fromEntries(Object.keys(attributes).map((name) => [name, null]));
  return {
    ...missing, ...found as unknown as State, secret: null, timeouts: limits,
    big: big === null || big === undefined ? null : BigInt(big),
    anything: anything === null || anything === undefined ? null : new Dynamic(anything.type, anything.value),
    protected: found['protected'] === true,
  };
}

const lookup = define.dataSource({
  name: 'thing', description: 'Finds a thing by its name.',
  attributes: { name: t.string().required(), id: t.string().computed(), size: t.int().computed() },
  async read({ name }, context) {
    const found = context.client.all().find((one) => one.name === name);
    if (found === undefined) throw new ProviderError('Thing not found', `There is no thing named ${name}.`, ['name']);
    return { name, id: found.id, size: found.size };
  },
});

const token = define.ephemeral({
  name: 'token', description: 'A token that is never stored.',
  attributes: { ttl: t.int(), value: t.string().computed().sensitive() },
  async open({ ttl }, context) {
    context.private['opened'] = true;
    return { result: { ttl, value: 'token-123' }, renewAt: new Date(Date.now() + 60_000) };
  },
  async close(context) { if (context.private['opened'] !== true) throw new Error('closed what was not opened'); },
});

export const sample = define.provider({
  name: 'sample', version: '0.1.0', description: 'A provider for tests.',
  attributes: { directory: t.string().required().describe('Where the pretend cloud is.'), token: t.string().sensitive() },
  configure({ directory }) { return isUnknown(directory) ? new NotConfigured('directory is only known after apply; things are not refreshed.') : new Cloud(directory); },
  resources: [thing], dataSources: [lookup], ephemerals: [token],
  functions: [
    providerFunction({
      name: 'slug', summary: 'Makes a slug.', description: 'Makes a slug of a text.', parameters: [{ name: 'text', type: t.string(), description: 'Any text of up to 20 characters.' }], returns: t.string(),
      call(text) {
        if (text.length > 20) throw new FunctionError(0, 'it is longer than 20 characters');
        return text.toLowerCase().replaceAll(/\W+/g, '-');
      },
    }),
    providerFunction({ name: 'sum', summary: 'Adds.', description: 'Adds numbers.', parameters: [], variadic: { name: 'numbers', type: t.int(), description: 'Numbers.' }, returns: t.object({ sum: t.int().required(), count: t.int().required() }), call: (...numbers) => ({ sum: numbers.reduce((a, b) => a + b, 0), count: numbers.length }) }),
  ],
});
