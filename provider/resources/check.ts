/** Checks of single values by the parsers of the model, so that Terraform's users and everybody else read the same rules. */
import { HoldfastError } from '../../src/model/errors.ts';
import { formatPath, type Validator } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import { wordsOf } from './failure.ts';

/** A value that `parse` accepts. What it throws is shown with its hint. Collections with unknown parts are left to apply. */
export const understood = <T>(parse: (value: T) => unknown): Validator<T> => (value, path, diagnostics) => {
  if (typeof value === 'object' && value !== null && Object.values(value).some(isUnknown)) return;
  try {
    parse(value);
  } catch (error) {
    diagnostics.error('Value cannot be used', error instanceof HoldfastError ? wordsOf(error) : `${formatPath(path)}: ${String(error)}`, path);
  }
};
