/** What all objects have in common: labels, conditions, the frame of a record, errors and pages. */
import { Type, type TProperties, type TSchema } from 'typebox';
import { ERROR_CODES } from '../../../model/errors.ts';
import { MAX_LABELS } from '../../../model/name.ts';
import { answer, choice, count, flag, named, orNull, ref, text, time } from './building.ts';

export const Labels = named('Labels', Type.Unsafe<Record<string, string>>({
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 255 },
  maxProperties: MAX_LABELS,
  description: `At most ${MAX_LABELS} labels. A key is 1 to 63 letters, digits, ".", "_", "-" and "/", beginning and ending with a letter or digit; a value is up to 255 letters, digits, spaces and "._:/@-".`,
  examples: [{ app: 'shop', tier: 'db' }],
}));

export const Condition = named('Condition', answer({
  type: text('What kind of fault, as one word.', { examples: ['ImageMissing'] }),
  message: text('What was observed.'),
  hint: text('What to do about it.'),
  since: time('When it was first seen.'),
}, { description: 'Something observed that is not as it should be.' }));

export const ErrorDetail = named('ErrorDetail', answer({
  object: Type.Optional(text('The object it is about, as kind and name or id.', { examples: ['volume db'] })),
  field: Type.Optional(text('The field, query parameter or header that was wrong.', { examples: ['size_bytes'] })),
  hint: Type.Optional(text('What to do about it.')),
  fields: Type.Optional(Type.Array(Type.String(), { description: 'For conflicts: the fields that differ.' })),
}, { description: 'Where the error lies and the way out.' }));

export const ErrorBody = named('Error', answer({
  code: choice(ERROR_CODES, 'What kind of error: stable, for programs. Statuses: invalid_argument 400 (404 and 405 for paths and methods that do not exist, 408, 413, 415 where HTTP has its own), not_found 404, conflict 409, failed_precondition 412, permission_denied 403, resource_exhausted 507, unsupported 501, unavailable 503, internal 500.'),
  message: text('What was wrong, as a sentence for people.'),
  detail: ref(ErrorDetail),
  retryable: flag('True when the same request may succeed later without a change.'),
}, {
  description: 'Every answer with a status of 400 or above has this form.',
  examples: [{ code: 'not_found', message: 'there is no volume "db"', detail: { object: 'volume db', hint: 'holdfast volume list shows what there is.' }, retryable: false }],
}));

/** A record of the given kind: the frame around its spec and status. */
export const record = <S extends TSchema, T extends TSchema, P extends TProperties>(noun: string, idExample: string, spec: S, status: T, more: P) => ({
  id: text(`Id of the ${noun}; never changes.`, { examples: [idExample] }),
  name: text(`Name of the ${noun}.`),
  version: count('Raised by every change of spec, labels, owner or name. Send it back as `If-Match` to change only what you saw.'),
  owner: text('Who manages it; "" when nobody said.'),
  labels: ref(Labels),
  spec: ref(spec),
  status: ref(status),
  created_at: time('When it was created.'),
  ...more,
});

export const observed = {
  conditions: Type.Array(ref(Condition), { description: 'What is not as it should be; [] when all is well.' }),
  observed_at: orNull(Type.String(), 'When the node last looked, ISO 8601, UTC; null before it was seen.'),
};

/** A page of a list. */
export const pageOf = <T extends TSchema>(name: string, item: T, noun: string) => named(name, answer({
  items: Type.Array(ref(item), { description: `The ${noun}, in a stable order.` }),
  next: orNull(Type.String(), 'Send it as `cursor` for the next page; null at the end.'),
}, { description: `A page of ${noun}.` }));

const warnings = answer({
  warnings: Type.Array(Type.String(), { description: 'Things that the caller should be told, as sentences; [] when there are none.' }),
}, { description: 'The answer to a change carries what the caller should be told beside the object.' });
export const Warnings = named('Warnings', warnings);

/** The object after a change, and what the caller should be told. */
export const changed = <T extends TSchema>(name: string, object: T, noun: string) =>
  named(name, Type.Intersect([ref(object), ref(Warnings)], { description: `The ${noun} as it is after the change, with warnings.` }));
