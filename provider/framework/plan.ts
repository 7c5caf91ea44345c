/**
 * From what Terraform proposes to what the provider plans. Pure: the same input gives the same plan, as Terraform asks
 * twice and compares.
 *
 * The rules, and where they come from (T: Terraform's resource instance change lifecycle, docs/resource-instance-change-lifecycle.md
 * and the checks of its internal/plans/objchange; F: the order that its own plugin framework uses):
 *  1. T: the proposal is the configuration, with prior values where a computed attribute is not configured.
 *  2. T: what is configured is planned as configured (or as the prior value); what is neither configured nor computed is null.
 *     A default therefore makes an attribute computed on the wire.
 *  3. F: defaults first, only in objects that the user wrote.
 *  4. T: write-only attributes are null in every plan and state.
 *  5. F: nothing changed means nothing becomes unknown; otherwise an update would be planned for ever. A changed `timeouts`
 *     is no change of the object, so it does not count here.
 *  6. T: a known planned value is a promise that apply must keep. So in every change, what is computed and not configured
 *     becomes unknown, before modifiers may promise more.
 *  7. F: modifiers see the value after 6, outer attributes first; the resource's own `modifyPlan` comes last.
 *  8. T: a replacement is asked for by naming attributes, never at create; Terraform then plans again without a prior state.
 */
import { equalValues, isUnknown, UNKNOWN, type Value, type ValueObject } from '../protocol/value.ts';
import { objectType, type Attributes, type AttributeSpec } from './attribute.ts';
import { formatPath, type Diagnostics, type Path } from './diagnostics.ts';
import { mapAttributes } from './walk.ts';

export interface Proposal { readonly proposed: ValueObject; readonly config: ValueObject; readonly prior: ValueObject | null }
export interface Planned { readonly state: ValueObject; readonly replace: Path[] }

/** Applies rules 3 to 7, without `modifyPlan`. */
export function planAttributes(attributes: Attributes, { proposed, config, prior }: Proposal): Planned {
  const replace: Path[] = [];
  let state = mapAttributes(attributes, { value: proposed, config, prior }, (spec, { value, config: written, configured }) => { // rules 3, 4
    if (spec.writeOnly) return null;
    return spec.defaultValue !== undefined && written === null && configured ? spec.defaultValue() : value;
  });
  if (prior === null || !isSameObject(attributes, state, prior)) { // rules 5, 6
    state = mapAttributes(attributes, { value: state, config, prior }, (spec, { value, config: written }) => (written === null && isComputed(spec) ? UNKNOWN : value));
  }
  state = mapAttributes(attributes, { value: state, config, prior }, (spec, place) => { // rules 7, 8
    let plan = place.value;
    for (const modify of spec.modifiers) {
      const changed = modify({
        path: place.path, type: spec.type, plan, config: place.config, prior: place.prior, exists: prior !== null,
        requireReplace: () => { if (prior !== null) replace.push(place.path); },
      });
      if (changed !== undefined) plan = changed;
    }
    return plan;
  });
  return { state, replace };
}

/** Left to the provider when the user writes nothing. A default is known, so it is not. */
const isComputed = ({ presence }: AttributeSpec): boolean => presence === 'computed' || presence === 'optionalComputed';

/** Whether two states are the same but for their `timeouts`. */
export function isSameObject(attributes: Attributes, a: ValueObject, b: ValueObject): boolean {
  return Object.entries(attributes).every(([name, { spec }]) => spec.timeouts !== undefined || equalValues(a[name], b[name], spec.type));
}

export const nullWriteOnly = (attributes: Attributes, value: ValueObject): ValueObject =>
  mapAttributes(attributes, { value, config: null, prior: null }, (spec, place) => (spec.writeOnly ? null : place.value));

/** Checks each configured value: required ones are there, and validators accept it. */
export function validateAttributes(attributes: Attributes, config: ValueObject, diagnostics: Diagnostics): void {
  mapAttributes(attributes, { value: config, config, prior: null }, (spec, { value, path }) => {
    // Terraform itself only checks that the name is written, not that its value is not null.
    if (value === null && spec.presence === 'required') diagnostics.error('Missing required value', `${formatPath(path)} must have a value; it is null.`, path);
    if (value !== null && !isUnknown(value)) for (const check of spec.validators) check(value as never, path, diagnostics);
    return value;
  });
}

/** What rule 2 forbids in a finished plan, in words. A provider with such a plan is refused by Terraform. */
export function planContradictions(attributes: Attributes, { config, prior, state }: { config: ValueObject; prior: ValueObject | null; state: ValueObject }): string[] {
  const found: string[] = [];
  mapAttributes(attributes, { value: state, config, prior }, (spec, { value, config: written, prior: before, path, configured }) => {
    const mayFillIn = isComputed(spec) || spec.defaultValue !== undefined;
    if (written === null) {
      if (value !== null && !mayFillIn && configured) found.push(`${formatPath(path)} is not configured and not computed, but planned as ${show(value)}`);
    } else if (spec.nested === undefined && !spec.writeOnly && !equalValues(value, written, spec.type) && !(before !== null && equalValues(value, before, spec.type))) {
      found.push(`${formatPath(path)} is configured as ${show(written)}, but planned as ${show(value)}`);
    }
    return value;
  });
  const stranger = Object.keys(state).find((name) => !Object.hasOwn((objectType(attributes) as readonly ['object', object])[1], name));
  return stranger === undefined ? found : [...found, `there is no attribute ${stranger}`];
}

export const show = (value: Value | undefined): string => (isUnknown(value) ? 'unknown' : JSON.stringify(value, (_name, one: unknown) => (typeof one === 'bigint' ? one.toString() : one)) ?? 'null');
