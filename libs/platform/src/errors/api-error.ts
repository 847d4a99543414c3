/** The errors of single parameters, as the API answers them. */
export type ValidationErrors = Record<string, { _errors: string[] }>;

/**
 * An error that a client is told about, in the API's own terms: HTTP status, `error.type` and `error.message`
 * (shapes and types: the access-code API's error body). The message never holds a PIN or token.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly extra: {
      data?: unknown;
      validation_errors?: ValidationErrors;
      /** Goes out as the header Retry-After, rounded up. */
      retryAfterSeconds?: number;
    } = {},
  ) {
    super(message);
  }

  /**
   * 400 invalid_input.
   * @param fields what is wrong with each parameter, by its name
   */
  static invalidInput(message: string, fields?: Record<string, string | string[]>): ApiError {
    const entries = Object.entries(fields ?? {}).map(
      ([name, errors]) => [name, { _errors: [errors].flat() }] as const,
    );
    return new ApiError(400, 'invalid_input', message, fields && { validation_errors: fromEntries(entries) });
  }

  /** 400 of another type than invalid_input. */
  static badRequest(type: string, message: string): ApiError {
    return new ApiError(400, type, message);
  }

  /** 401 unauthorized. */
  static unauthorized(message = 'The API key is missing or not valid.'): ApiError {
    return new ApiError(401, 'unauthorized', message);
  }

  /** 403 forbidden: the key is good, and not for this. */
  static forbidden(permission: string): ApiError {
    return new ApiError(403, 'forbidden', `This API key lacks the permission '${permission}'.`);
  }

  /** 404: `notFound('access_code')` is of type access_code_not_found. */
  static notFound(kind: string, message = `No such ${kind.replaceAll('_', ' ')}.`): ApiError {
    return new ApiError(404, `${kind}_not_found`, message);
  }

  /** 405 method_not_allowed. */
  static methodNotAllowed(message = 'This endpoint does not answer that method.'): ApiError {
    return new ApiError(405, 'method_not_allowed', message);
  }

  /** 409. */
  static conflict(type: string, message: string, data?: unknown): ApiError {
    return new ApiError(409, type, message, data === undefined ? {} : { data });
  }

  /** 429 with Retry-After. */
  static tooManyRequests(retryAfterSeconds: number, message = 'Too many requests.'): ApiError {
    return new ApiError(429, 'too_many_requests', message, { retryAfterSeconds });
  }

  /** 503: something that the answer needs can't be reached now; the client may try again. */
  static unavailable(message: string, retryAfterSeconds = 1): ApiError {
    return new ApiError(503, 'service_unavailable', message, { retryAfterSeconds });
  }

  /** The body of the answer. */
  toBody(): { error: Record<string, unknown>; ok: false } {
    const { data, validation_errors } = this.extra;
    return {
      error: {
        type: this.type,
        message: this.message,
        ...(data === undefined ? {} : { data }),
        ...(validation_errors === undefined ? {} : { validation_errors }),
      },
      ok: false,
    };
  }
}

// Parameter names come from outside: one called __proto__ must become a key like any other.
function fromEntries(entries: (readonly [string, { _errors: string[] }])[]): ValidationErrors {
  const result = Object.create(null) as ValidationErrors;
  for (const [name, errors] of entries) result[name] = errors;
  return { ...result };
}
