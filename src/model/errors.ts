/**
 * The error that every room of Holdfast speaks: a handful of codes, and a message that says what was
 * wrong, with which object, and what to do. Surfaces translate codes (see `httpStatusOf`, `exitCodeOf`);
 * nobody invents codes of their own.
 */

export const ERROR_CODES = [
  'invalid_argument',
  'not_found',
  'conflict',
  'failed_precondition',
  'permission_denied',
  'resource_exhausted',
  'unsupported',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Where the error lies and the way out. */
export interface ErrorDetail {
  /** The object it is about, as `kind name` or `kind id`: `volume db`, `pool fast`. */
  readonly object?: string;
  /** The field, spec key or flag that was wrong. */
  readonly field?: string;
  /** What to do about it, as a sentence or a command to paste. */
  readonly hint?: string;
  /** For conflicts: the fields that differ. */
  readonly fields?: readonly string[];
}

export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: ErrorDetail;
  /** True when the same request may succeed later without a change. */
  readonly retryable: boolean;
}

export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HoldfastError';
    this.code = code;
    this.detail = detail;
    this.retryable = options.retryable ?? code === 'unavailable';
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, detail: this.detail, retryable: this.retryable };
  }

  static fromBody(body: ErrorBody): HoldfastError {
    return new HoldfastError(body.code, body.message, body.detail, { retryable: body.retryable });
  }
}

const HTTP_STATUS: Record<ErrorCode, number> = {
  invalid_argument: 400,
  not_found: 404,
  conflict: 409,
  failed_precondition: 412,
  permission_denied: 403,
  resource_exhausted: 507,
  unsupported: 501,
  unavailable: 503,
  internal: 500,
};

const EXIT_CODE: Record<ErrorCode, number> = {
  invalid_argument: 2,
  not_found: 3,
  conflict: 4,
  failed_precondition: 4,
  permission_denied: 1,
  resource_exhausted: 1,
  unsupported: 1,
  unavailable: 5,
  internal: 1,
};

export const httpStatusOf = (code: ErrorCode): number => HTTP_STATUS[code];
export const exitCodeOf = (code: ErrorCode): number => EXIT_CODE[code];

/** Any thrown thing as a HoldfastError; what is not one of ours is `internal` and keeps its cause. */
export function asHoldfastError(thrown: unknown): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new HoldfastError('internal', message, {}, { cause: thrown });
}
