import { type Param, type ParamsClass, paramsOf } from './param';

/** A query string's values by key, a key's values in their order. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/**
 * What a query string says, with its texts read as the declared types: `true` is a flag only where a flag is
 * declared. Repeated keys are lists, dotted keys are objects, and an empty value is null or an empty list where
 * the parameter can be that (so Seam's SDKs write them). What can't be read is left as it is, for the check to
 * name.
 */
export function readQuery(type: ParamsClass, query: Query): Record<string, unknown> {
  const params = paramsOf(type);
  const values = blank();
  for (const [key, texts] of Object.entries(query)) {
    const dot = key.indexOf('.');
    const param = params.get(dot < 0 ? key : key.slice(0, dot));
    if (dot >= 0 && param?.type) {
      const inner = readQuery(param.type, { [key.slice(dot + 1)]: texts });
      values[param.name] = Object.assign(values[param.name] ?? blank(), inner);
    } else if (dot >= 0 && param?.kind === 'record') {
      values[param.name] ??= blank();
      (values[param.name] as Record<string, unknown>)[key.slice(dot + 1)] = once(texts);
    } else {
      values[key] = param ? fromTexts(param, texts) : texts;
    }
  }
  return values;
}

const blank = () => Object.create(null) as Record<string, unknown>;

function fromTexts(param: Param, texts: string | readonly string[]): unknown {
  const all = [texts].flat();
  if (param.kind === 'list') {
    if (all.length === 1 && all[0] === '') return [];
    return param.ofNumbers ? all.map(number) : all;
  }
  const text = once(texts);
  if (typeof text !== 'string') return text;
  if (text === '' && param.nullable) return null;
  if (param.kind === 'number') return number(text);
  if (param.kind === 'flag') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

/** A key that came more than once and must not; no check accepts it. */
export class Repeated {}

const once = (texts: string | readonly string[]) => (typeof texts === 'string' ? texts : new Repeated());

const number = (text: string) => (/^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text);
