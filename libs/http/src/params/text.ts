import { ValidateBy, type ValidationOptions } from 'class-validator';

// Control characters break locks, terminals and databases (PostgreSQL stores no U+0000); half a surrogate pair is
// no character at all.
const UNWANTED = /[\p{Cc}\p{Surrogate}]/u;

/** Whether a text can be stored, shown and sent on as it is. */
export const isPlainText = (value: unknown): value is string =>
  typeof value === 'string' && !UNWANTED.test(value);

/** Checks for text without control characters or halves of surrogate pairs. */
export function IsPlainText(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isPlainText',
      validator: {
        validate: isPlainText,
        defaultMessage: (args) =>
          typeof args?.value === 'string'
            ? 'must not hold control characters or broken Unicode'
            : 'must be a string',
      },
    },
    options,
  );
}
