/**
 * Labels come from two places, the provider's defaults and the object; the daemon holds them merged. Here they are put
 * together for a plan, and taken apart again when an object is read, so that a label changed elsewhere shows as drift and
 * one of the defaults does not.
 */
import type { Labels } from '../../src/model/record.ts';
import { isUnknown, UNKNOWN, type Unknown } from '../protocol/value.ts';
import { checkLabels } from '../../src/model/name.ts';
import { t } from '../framework/index.ts';
import { understood } from './check.ts';

type Draft = Record<string, string | Unknown> | null | Unknown;

export const labelAttributes = {
  labels: t.map(t.string()).validate(understood((labels: Record<string, string>) => checkLabels('labels', labels)))
    .describe('Labels of this object: at most 64. A key is 1 to 63 letters, digits, `.`, `_`, `-` and `/`; a value up to 255 letters, digits, spaces and `._:/@-`. They win over the provider\'s `defaults.labels`; labels that somebody else set are shown as a difference and taken away. Default: none.'),
  labels_all: t.map(t.string()).computed().describe('All labels that the object has: its own and those of the provider\'s `defaults.labels`.'),
};

/** What `labels_all` will be; unknown while a label is. */
export function mergedLabels(own: Draft, defaults: Labels): Record<string, string> | Unknown {
  if (isUnknown(own)) return UNKNOWN;
  const entries: [string, string][] = Object.entries(defaults);
  for (const [key, value] of Object.entries(own ?? {})) {
    if (isUnknown(value)) return UNKNOWN;
    entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

/**
 * The object's own labels among all that it has: those it had before, and those that nobody here set.
 * Null stays null when there are none, as nothing was written.
 */
export function ownLabels(all: Labels, before: { readonly labels: Labels | null; readonly labels_all: Labels | null }, defaults: Labels): Record<string, string> | null {
  const own = Object.entries(all).filter(([key, value]) => {
    if (before.labels !== null && Object.hasOwn(before.labels, key)) return true;
    const inherited = before.labels_all !== null && Object.hasOwn(before.labels_all, key) ? before.labels_all[key] : defaults[key];
    return inherited !== value;
  });
  return own.length === 0 && before.labels === null ? null : Object.fromEntries(own);
}
