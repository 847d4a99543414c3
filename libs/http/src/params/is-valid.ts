import {
  getMetadataStorage,
  type ValidationArguments,
  ValidationTypes,
  type ValidatorConstraintInterface,
} from 'class-validator';

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** What is declared of one property, in the order in which class-validator asks it. */
interface Property {
  readonly name: string;
  /** Nothing is checked unless each of them says so. */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[];
  readonly checks: readonly Check[];
  /** A value of its own class, which is left to class-validator. */
  readonly isNested: boolean;
}

interface Check {
  readonly constraint: ValidatorConstraintInterface;
  /** What the decorator was given. */
  readonly constraints: unknown[];
  /** Each item of a list is checked. */
  readonly each: boolean;
}

const known = new WeakMap<object, readonly Property[] | null>();

/**
 * Whether an object is valid, by what class-validator's decorators declare of its class. False where that is not so, or
 * can't be told here: then class-validator finds out what is wrong. It makes objects and lists of each property before it
 * asks anything, which takes ten times as long as to ask, and nearly every request is valid.
 */
export function isValid(object: object): boolean {
  const type = object.constructor;
  let properties = known.get(type);
  if (properties === undefined) known.set(type, (properties = propertiesOf(type)));
  return properties?.every((property) => propertyPasses(object, property)) ?? false;
}

function propertyPasses(object: object, { name, conditions, checks, isNested }: Property): boolean {
  const value = (object as Record<string, unknown>)[name];
  for (const condition of conditions) if (!condition(object, value)) return true;
  if (isNested && value !== undefined) return false;
  for (const check of checks) if (!checkPasses(object, name, value, check)) return false;
  return true;
}

function checkPasses(object: object, property: string, value: unknown, check: Check): boolean {
  const { constraint, constraints, each } = check;
  const targetName = object.constructor.name;
  const of: ValidationArguments = { value, object, property, targetName, constraints };
  if (!each || !Array.isArray(value)) return constraint.validate(value, of) === true;
  return value.every((one) => constraint.validate(one, of) === true);
}

/** @returns null where something is declared that is not asked here */
function propertiesOf(type: object): readonly Property[] | null {
  const storage = getMetadataStorage();
  const declared = storage.getTargetValidationMetadatas(type as never, undefined as never, false, false);
  const byName = Object.entries(storage.groupByPropertyName(declared));
  const properties: Property[] = [];
  for (const [name, metadata] of byName) {
    const property = propertyOf(name, metadata);
    if (!property) return null;
    properties.push(property);
  }
  return properties;
}

/** Both are asked in the same way. */
const CHECKS: readonly string[] = [ValidationTypes.IS_DEFINED, ValidationTypes.CUSTOM_VALIDATION];
const ASKED: readonly string[] = [
  ...CHECKS,
  ValidationTypes.CONDITIONAL_VALIDATION,
  ValidationTypes.NESTED_VALIDATION,
];

function propertyOf(name: string, metadata: readonly Metadata[]): Property | undefined {
  const of = (...types: string[]) => metadata.filter(({ type }) => types.includes(type));
  const custom = of(...CHECKS);
  if (!metadata.every(({ type }) => ASKED.includes(type)) || custom.some(({ validateIf }) => validateIf))
    return undefined;
  const checks: Check[] = [];
  for (const { constraintCls, constraints = [], each = false } of custom) {
    for (const { instance, async } of getMetadataStorage().getTargetValidatorConstraints(constraintCls)) {
      if (async) return undefined;
      checks.push({ constraint: instance, constraints, each });
    }
  }
  return {
    name,
    conditions: of(ValidationTypes.CONDITIONAL_VALIDATION).map(({ constraints }) => constraints[0] as never),
    checks,
    isNested: of(ValidationTypes.NESTED_VALIDATION).length > 0,
  };
}
