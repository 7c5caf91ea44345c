/**
 * Terraform's calls about one type of resource, in terms of its definition. Keeps the promises of the README: create
 * never returns state with an error, a failed update keeps the prior state, what a plan promised is what apply returns.
 */
import type { AttributePath, IdentityMessage, Request, Response } from '../protocol/tfplugin6.ts';
import { DEFERRED_PROVIDER_CONFIG_UNKNOWN } from '../protocol/tfplugin6.ts';
import { conformToType, parseStateJson } from '../protocol/state-json.ts';
import { isObject, objectOf, type Value, type ValueObject, type ValueType } from '../protocol/value.ts';
import { objectType } from './attribute.ts';
import { contradictions, keepToPlan, missingValues } from './consistency.ts';
import type { AnyResource, ApplyContext, ImportTarget, PrivateState, ResourceContext } from './definition.ts';
import { Diagnostics, pathToWire, ProviderError, type Path } from './diagnostics.ts';
import { isSameObject, nullWriteOnly, planAttributes, planContradictions, validateAttributes } from './plan.ts';
import { identityType } from './schema-wire.ts';
import { deadlineOf, isStrict, objectFromWire, privateFromWire, privateToWire, toWire, type Operation, type Session } from './session.ts';

type Typed = never; // the erased types of a definition's parameters; the schema is what makes the values fit

export class ResourceCalls {
  readonly definition: AnyResource<unknown>;
  readonly #session: Session;
  readonly #typeName: string;
  readonly #type: ValueType;

  constructor(definition: AnyResource<unknown>, session: Session) {
    this.definition = definition;
    this.#session = session;
    this.#typeName = `${session.definition.name}_${definition.name}`;
    this.#type = objectType(definition.attributes);
  }

  async validate({ config, clientCapabilities }: Request<'ValidateResourceConfig'>, signal: AbortSignal): Promise<Response<'ValidateResourceConfig'>> {
    const diagnostics = new Diagnostics();
    await this.#session.attempt({ what: `validating ${this.#typeName}`, call: signal }, diagnostics, async () => {
      const value = objectFromWire(config, this.#type) ?? {};
      validateAttributes(this.definition.attributes, value, diagnostics);
      for (const [name, { spec }] of Object.entries(this.definition.attributes)) {
        if (spec.writeOnly && value[name] !== null && clientCapabilities?.writeOnlyAttributesAllowed !== true) {
          diagnostics.error('Write-only attribute not supported', `${name} would be stored by this version of Terraform; use Terraform 1.11 or later, or leave it out.`, [name]);
        }
      }
      if (!diagnostics.failed) await this.definition.validate?.(value, diagnostics);
    });
    return { diagnostics: diagnostics.toWire() };
  }

  async upgrade({ version, rawState }: Request<'UpgradeResourceState'>, signal: AbortSignal): Promise<Response<'UpgradeResourceState'>> {
    const diagnostics = new Diagnostics();
    const state = await this.#session.attempt({ what: `upgrading the state of ${this.#typeName}`, call: signal }, diagnostics, () => {
      const raw = parseStateJson((rawState?.json ?? Buffer.from('null')).toString('utf8'));
      return conformToType(this.#upgraded(raw, version), this.#type);
    });
    return { ...(state === undefined ? {} : { upgradedState: toWire(state, this.#type) }), diagnostics: diagnostics.toWire() };
  }

  #upgraded(raw: Value, from: number): Value {
    const to = this.definition.version ?? 0;
    if (from > to) throw new ProviderError('State is of a newer provider', `${this.#typeName} was written with schema version ${from}; this provider knows versions up to ${to}. Use the newer provider.`);
    let state = raw;
    for (let version = from; version < to; version += 1) {
      const step = this.definition.upgrade?.[version];
      if (step === undefined || !isObject(state)) throw new ProviderError('State cannot be upgraded', `${this.#typeName}: there is no way from schema version ${version} to ${to}.`);
      state = step(state);
    }
    return state;
  }

  async upgradeIdentity({ version, rawIdentity }: Request<'UpgradeResourceIdentity'>, signal: AbortSignal): Promise<Response<'UpgradeResourceIdentity'>> {
    const diagnostics = new Diagnostics();
    const identity = this.definition.identity;
    const upgraded = await this.#session.attempt({ what: `upgrading the identity of ${this.#typeName}`, call: signal }, diagnostics, () => {
      let data = parseStateJson((rawIdentity?.json ?? Buffer.from('null')).toString('utf8'));
      for (let at = version; at < (identity?.version ?? 0); at += 1) {
        const step = identity?.upgrade?.[at];
        if (step === undefined || !isObject(data)) throw new ProviderError('Identity cannot be upgraded', `${this.#typeName}: there is no way from identity version ${at}.`);
        data = step(data);
      }
      const type = identityType(identity?.attributes ?? {});
      return { data: toWire(conformToType(data, type), type) };
    });
    return { ...(upgraded === undefined ? {} : { upgradedIdentity: upgraded }), diagnostics: diagnostics.toWire() };
  }

  async import({ id, identity, clientCapabilities }: Request<'ImportResourceState'>, signal: AbortSignal): Promise<Response<'ImportResourceState'>> {
    const diagnostics = new Diagnostics();
    const operation = { what: `importing ${this.#typeName}`, call: signal };
    if (this.#mustWait() && clientCapabilities?.deferralAllowed === true) return { deferred: { reason: DEFERRED_PROVIDER_CONFIG_UNKNOWN } };
    const given = identity?.data === undefined ? null : objectFromWire(identity.data, identityType(this.definition.identity?.attributes ?? {}));
    const priv: PrivateState = {};
    const state = await this.#session.attempt(operation, diagnostics, async () => {
      if (this.definition.import === undefined) throw new ProviderError('Import is not supported', `${this.#typeName} cannot be imported.`);
      if (given === null && id === '') throw new ProviderError('Nothing to import', `Say which ${this.#typeName} to import: an id or an identity.`);
      const target = (given === null ? { id } : { identity: given }) as ImportTarget<never>;
      return await this.definition.import(target, this.#resourceContext(operation, diagnostics, priv)) as ValueObject;
    });
    if (state === undefined) return { diagnostics: diagnostics.toWire() };
    const found = completeOrUndefined(this.#tryIdentity(state)) ?? completeOrUndefined(given);
    return {
      importedResources: [{ typeName: this.#typeName, state: toWire(state, this.#type), private: privateToWire(priv), ...this.#identityField('identity', found) }],
      diagnostics: diagnostics.toWire(),
    };
  }

  async move(request: Request<'MoveResourceState'>, signal: AbortSignal): Promise<Response<'MoveResourceState'>> {
    const diagnostics = new Diagnostics();
    const state = await this.#session.attempt({ what: `moving to ${this.#typeName}`, call: signal }, diagnostics, () => {
      const raw = parseStateJson((request.sourceState?.json ?? Buffer.from('{}')).toString('utf8'));
      const source = { providerAddress: request.sourceProviderAddress, typeName: request.sourceTypeName, schemaVersion: request.sourceSchemaVersion, state: isObject(raw) ? raw : {} };
      const moved = this.definition.move?.(source) ?? null;
      if (moved === null) throw new ProviderError('Move is not supported', `A ${request.sourceTypeName} of ${request.sourceProviderAddress} cannot become a ${this.#typeName}.`);
      return moved as ValueObject;
    });
    // The private data of the source is another provider's secret and another format: it ends here.
    return { ...(state === undefined ? {} : { targetState: toWire(state, this.#type) }), diagnostics: diagnostics.toWire() };
  }

  async read(request: Request<'ReadResource'>, signal: AbortSignal): Promise<Response<'ReadResource'>> {
    const diagnostics = new Diagnostics();
    const unchanged = (): Response<'ReadResource'> => ({
      newState: request.currentState, private: request.private, newIdentity: request.currentIdentity, diagnostics: diagnostics.toWire(),
    });
    if (this.#mustWait()) return unchanged();
    const current = objectFromWire(request.currentState, this.#type);
    if (current === null) return unchanged();
    const priv = privateFromWire(request.private);
    const operation: Operation = { what: `reading ${this.#typeName}`, call: signal, deadline: deadlineOf(this.definition.attributes, current, 'read') };
    const state = await this.#session.attempt(operation, diagnostics, async () => {
      const found = await this.definition.read(current, this.#resourceContext(operation, diagnostics, priv)) as ValueObject | null;
      const read = found === null ? null : nullWriteOnly(this.definition.attributes, found);
      this.#checkComplete(read);
      return read;
    });
    if (state === undefined) return unchanged();
    return { newState: toWire(state, this.#type), private: privateToWire(priv), diagnostics: diagnostics.toWire(), ...this.#identityField('newIdentity', this.#identityOf(state)) };
  }

  async plan(request: Request<'PlanResourceChange'>, signal: AbortSignal): Promise<Response<'PlanResourceChange'>> {
    const diagnostics = new Diagnostics();
    const operation = { what: `planning ${this.#typeName}`, call: signal };
    const priv = privateFromWire(request.priorPrivate);
    const prior = objectFromWire(request.priorState, this.#type);
    const proposed = objectFromWire(request.proposedNewState, this.#type);
    const replace: Path[] = [];
    const context = this.#session.planContext(operation, diagnostics, priv);
    const planned = await this.#session.attempt(operation, diagnostics, async () => {
      if (proposed === null) {
        if (prior !== null) await this.definition.planDestroy?.(prior, context);
        return null;
      }
      const config = objectFromWire(request.config, this.#type) ?? {};
      const { state, replace: asked } = planAttributes(this.definition.attributes, { proposed, config, prior });
      replace.push(...asked);
      await this.definition.modifyPlan?.({
        prior: prior, config: config, plan: state, replaces: replace.length > 0,
        requireReplace: (path) => { if (prior !== null) replace.push(path); },
      }, context);
      if (isStrict()) for (const found of planContradictions(this.definition.attributes, { config, prior, state })) diagnostics.error('Plan breaks the rules of Terraform', `${this.#typeName}: ${found}.`);
      return nullWriteOnly(this.definition.attributes, state);
    });
    return {
      plannedState: planned === undefined ? request.priorState : toWire(planned, this.#type),
      plannedPrivate: privateToWire(priv), requiresReplace: unique(replace.map(pathToWire)), plannedIdentity: request.priorIdentity, diagnostics: diagnostics.toWire(),
    };
  }

  async apply(request: Request<'ApplyResourceChange'>, signal: AbortSignal): Promise<Response<'ApplyResourceChange'>> {
    const prior = objectFromWire(request.priorState, this.#type);
    const plan = objectFromWire(request.plannedState, this.#type);
    const name = plan === null ? 'delete' : prior === null ? 'create' : 'update';
    const operation: Operation = {
      what: `${{ create: 'creating', update: 'updating', delete: 'deleting' }[name]} ${this.#typeName}`, call: signal, deadline: deadlineOf(this.definition.attributes, plan ?? prior, name),
    };
    const diagnostics = new Diagnostics();
    const priv = privateFromWire(request.plannedPrivate);
    const state = await this.#session.attempt(operation, diagnostics, async () => {
      const context: ApplyContext<never, unknown> = { ...this.#resourceContext(operation, diagnostics, priv), config: objectFromWire(request.config, this.#type) as Typed };
      if (plan === null) {
        if (prior !== null) await this.definition.delete(prior, context);
        return null;
      }
      const made = prior === null ? await this.definition.create(plan, context) : await this.#update(plan, prior, context);
      return this.#kept(plan, nullWriteOnly(this.definition.attributes, made as ValueObject), diagnostics);
    });
    if (state !== undefined) return { newState: toWire(state, this.#type), private: privateToWire(priv), diagnostics: diagnostics.toWire(), ...this.#identityField('newIdentity', this.#identityOf(state)) };
    // A failed create leaves nothing, a failed update or delete the object as it was known before.
    return { newState: toWire(prior, this.#type), private: prior === null ? Buffer.alloc(0) : privateToWire(priv), newIdentity: prior === null ? undefined : request.plannedIdentity, diagnostics: diagnostics.toWire() };
  }

  async #update(plan: ValueObject, prior: ValueObject, context: ApplyContext<never, unknown>): Promise<unknown> {
    if (isSameObject(this.definition.attributes, plan, prior) && !this.#hasWriteOnly(context.config)) return plan; // only `timeouts` changed
    if (this.definition.update === undefined) throw new ProviderError('Update is not supported', `${this.#typeName} can only be replaced.`);
    return this.definition.update(plan, prior, context);
  }

  #hasWriteOnly(config: ValueObject): boolean { return Object.entries(this.definition.attributes).some(([name, { spec }]) => spec.writeOnly && config[name] !== null); }

  /** The state to return for a plan: what was made, kept to what was promised. */
  #kept(plan: ValueObject, made: ValueObject, diagnostics: Diagnostics): ValueObject {
    const broken = contradictions(plan, made, this.#type);
    if (broken.length > 0 && isStrict()) throw new ProviderError('Result differs from the plan', `${this.#typeName}: ${broken.join('; ')}.`);
    if (broken.length > 0) {
      diagnostics.warn('Result differs from the plan', `${this.#typeName}: ${broken.join('; ')}. The planned values are kept for now; the next plan shows the difference. This is a bug of the provider, please report it.`);
    }
    const state = broken.length > 0 ? keepToPlan(plan, made, this.#type) as ValueObject : made;
    this.#checkComplete(state);
    return state;
  }

  #checkComplete(state: ValueObject | null): void {
    const missing = isStrict() ? missingValues(this.definition.attributes, state) : [];
    if (missing.length > 0) throw new ProviderError('State is not complete', `${this.#typeName}: ${missing.join('; ')}; say nullable() if that is meant.`);
  }

  /** True while this resource needs a client and there can be none yet. */
  #mustWait(): boolean { return this.definition.withoutClient !== true && this.#session.notConfigured !== undefined; }

  #resourceContext(operation: Operation, diagnostics: Diagnostics, priv: PrivateState): ResourceContext<unknown> {
    return { ...this.#session.context(this.definition, operation, diagnostics), private: priv };
  }

  #identityOf(state: ValueObject | null): ValueObject | null {
    return state === null || this.definition.identity === undefined ? null : objectOf(Object.entries(this.definition.identity.of(state as Typed) as ValueObject));
  }

  // What an import knows may be too little for an identity; `read` gives it then.
  #tryIdentity(state: ValueObject): ValueObject | null {
    try {
      return this.#identityOf(objectOf(Object.keys(this.definition.attributes).map((name) => [name, state[name] ?? null])));
    } catch {
      return null;
    }
  }

  #identityField<K extends string>(field: K, identity: ValueObject | null | undefined): { [N in K]?: IdentityMessage } {
    if (identity === null || identity === undefined || this.definition.identity === undefined) return {};
    return { [field]: { data: toWire(identity, identityType(this.definition.identity.attributes)) } } as { [N in K]?: IdentityMessage };
  }
}

const completeOrUndefined = (identity: ValueObject | null): ValueObject | undefined => (identity !== null && Object.values(identity).every((value) => value !== null && value !== undefined) ? identity : undefined);
const unique = (paths: AttributePath[]): AttributePath[] => [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
