const HIDDEN = '[hidden]';
const DEEPEST = 8;
const MOST_VALUES = 2000;

const NAMES = new Set([
  'pin',
  'code',
  'oldcode',
  'newcode',
  'accesscode',
  'generatedcode',
  'cookie',
  'setcookie',
]);
const ENDINGS = /(authorization|token|secret|password|passphrase|apikey|masterkey|vaultkey|privatekey)$/;

/** Whether a value of that name must not be shown: PINs, keys, tokens, credentials. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  return NAMES.has(plain) || ENDINGS.test(plain);
}

/**
 * A copy with every secret hidden, bounded in depth and size; the original is left alone. Own code on purpose: pino's
 * redaction wants the paths listed, and a secret can come at any depth of an error or an answer of a lock's maker.
 */
export function redact(value: unknown): unknown {
  return new Walk().any(value, 0);
}

/** An error as a log entry shows it: what it is, where it came from and what caused it, secrets hidden. */
export function redactError(error: Error): Record<string, unknown> {
  return new Walk().error(error, 0);
}

/** Paths whose last part is a secret: anyone who knows the address could report for a lock maker. */
const SECRET_PATHS = /(\/lock_makers\/[^/?#]*\/reports\/)[^/?#]+/g;

/** A URL, or its path, without the secrets in it. */
export function redactUrl(url: string): string {
  return url
    .replace(SECRET_PATHS, `$1${HIDDEN}`)
    .replace(/([?&])([^=&#]+)=([^&#]*)/g, (whole, before: string, name: string) =>
      isSecretName(decoded(name)) || name === 'state' ? `${before}${name}=${HIDDEN}` : whole,
    );
}

class Walk {
  private values = 0;

  any(value: unknown, depth: number): unknown {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    this.values += 1;
    if (depth >= DEEPEST || this.values > MOST_VALUES) return '[…]';
    if (value instanceof Error) return this.error(value, depth);
    if (Array.isArray(value)) return value.map((item) => this.any(item, depth + 1));
    if (value instanceof Date) return value;
    if (value instanceof Uint8Array) return `[${value.length} bytes]`;
    if (value instanceof Map || value instanceof Set) return this.any([...(value as Set<unknown>)], depth);
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
      return this.any((value as { toJSON(): unknown }).toJSON(), depth + 1);
    }
    return this.fields(value, depth);
  }

  error(error: Error, depth: number): Record<string, unknown> {
    const { name, message, stack, cause } = error;
    const errors = (error as { errors?: unknown }).errors;
    const code = (error as { code?: unknown }).code;
    return {
      ...this.fields({ ...error }, depth),
      type: name,
      message,
      stack,
      // An error's own code (SQLSTATE and the like) is not a PIN.
      ...(code === undefined ? {} : { code: this.any(code, depth + 1) }),
      ...(cause === undefined ? {} : { cause: this.any(cause, depth + 1) }),
      ...(Array.isArray(errors) ? { errors: this.any(errors, depth + 1) } : {}),
    };
  }

  private fields(value: object, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      if (isSecretName(name)) copy[name] = field == null || isErrorCode(field) ? (field as unknown) : HIDDEN;
      else if (typeof field === 'string' && /ur[il]$/i.test(name)) copy[name] = redactUrl(field);
      else copy[name] = this.any(field, depth + 1);
    }
    return copy;
  }
}

// ECONNREFUSED and the like say what went wrong, and no PIN looks like them.
const isErrorCode = (value: unknown) => typeof value === 'string' && /^[A-Z]{3}[A-Z_]+$/.test(value);

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
