const HIDDEN = '[hidden]';
const DEEPEST = 8;

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

/** Whether what goes by that name must not be seen: PINs, keys, tokens, credentials. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, '');
  return NAMES.has(plain) || ENDINGS.test(plain);
}

/** A copy with every secret hidden, as deep as a log entry goes; the original is left alone. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return depth === 0 ? value : redactError(value, depth);
  if (depth >= DEEPEST) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (value instanceof Date || Buffer.isBuffer(value)) return value;
  if (value instanceof Map || value instanceof Set) return redact([...value], depth);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    return redact((value as { toJSON(): unknown }).toJSON(), depth + 1);
  }
  return redactFields(value, depth);
}

function redactFields(value: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (isSecretName(name)) copy[name] = isErrorCode(field) || field == null ? field : HIDDEN;
    else if (name === 'url' && typeof field === 'string') copy[name] = redactUrl(field);
    else copy[name] = redact(field, depth + 1);
  }
  return copy;
}

// ECONNREFUSED and its like tell what went wrong, and no PIN looks like them.
const isErrorCode = (value: unknown) => typeof value === 'string' && /^[A-Z]{3}[A-Z_]+$/.test(value);

/** An error as a log entry shows it: what it is, where it came from and what caused it, secrets hidden. */
export function redactError(error: Error, depth = 0): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = Object.assign(Object.create(null), error, {
    name: error.name,
    message: error.message,
    stack: error.stack,
    cause: error.cause,
  }) as Record<string, unknown>;
  return {
    type: name,
    message,
    stack,
    ...redactFields(rest, depth + 1),
    // An error's own code (SQLSTATE and the like) is not a PIN.
    ...('code' in rest ? { code: rest.code } : {}),
    ...(cause === undefined ? {} : { cause: depth < DEEPEST ? redact(cause, depth + 1) : '[too deep]' }),
  };
}

function redactUrl(url: string): string {
  return url.replace(/([?&])([^=&#]+)=([^&#]*)/g, (whole, before: string, name: string) =>
    isSecretName(name) || name === 'state' ? `${before}${name}=${HIDDEN}` : whole,
  );
}
