// Checking what cdktf.json says, key by key: a misspelt key must not be a silently ignored one.

/** What one value has to be, and how that is said to whoever wrote another. */
export interface Form {
  readonly fits: (value: unknown) => boolean;
  readonly form: string;
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export const text = (form: string): Form => ({ fits: isText, form });
export const texts = (form: string): Form => ({ fits: isTexts, form });
export const oneOf = (...allowed: readonly string[]): Form => ({ fits: (value) => allowed.includes(value as string), form: allowed.map((one) => `"${one}"`).join(' or ') });
export const someOf = (...allowed: readonly string[]): Form => ({ fits: (value) => isTexts(value) && value.length > 0 && value.every((one) => allowed.includes(one)), form: `a list of ${allowed.map((one) => `"${one}"`).join(' and ')}` });
export const labels: Form = { fits: (value) => isObject(value) && Object.values(value).every(isText), form: 'an object of texts' };
export const truth: Form = { fits: (value) => typeof value === 'boolean', form: 'true or false' };
export const count: Form = { fits: (value) => Number.isInteger(value) && Number(value) > 0, form: 'a whole number, 1 or more' };
export const object: Form = { fits: isObject, form: 'an object' };
export const objects: Form = { fits: (value) => Array.isArray(value) && value.every(isObject), form: 'a list of objects' };

/**
 * `value` when it is an object whose keys are all in `forms`, each of its form, and those of `needed` are there.
 * @param where it stands, such as `context.local`.
 * @throws Error naming the key and its form.
 */
export function checked<T extends object>(where: string, value: unknown, forms: Record<keyof T & string, Form>, needed: readonly (keyof T & string)[] = []): Partial<T> {
  if (!isObject(value)) throw new Error(`cdktf.json: ${where} has to be an object`);
  for (const [key, one] of Object.entries(value)) {
    const rule = Object.entries<Form>(forms).find(([name]) => name === key)?.[1];
    if (rule === undefined) throw new Error(`cdktf.json: ${where}.${key} is not known; there are ${Object.keys(forms).join(', ')}`);
    if (!rule.fits(one)) throw new Error(`cdktf.json: ${where}.${key} has to be ${rule.form}`);
  }
  for (const key of needed) if (!(key in value)) throw new Error(`cdktf.json: ${where}.${key} has to be given: ${forms[key].form}`);
  return value as Partial<T>;
}
