import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { parseDuration } from '../clock/instant';

/** What a setting may be, as the error message says it, and how its text is read. */
export interface Reader<T> {
  allowed: string;
  /** The value may be a secret, or hold one: it is not repeated in an error. */
  secret?: boolean;
  schema: z.ZodType<T, string>;
}

const read = <T>(allowed: string, parse: (text: string) => T | undefined, secret = false): Reader<T> => ({
  allowed,
  secret,
  schema: z.string().transform((text, context) => {
    const value = parse(text);
    if (value === undefined) context.addIssue({ code: 'custom', message: allowed });
    return value as T;
  }),
});

export const text = (allowed: string, pattern: RegExp) =>
  read(allowed, (value) => (pattern.test(value) ? value : undefined));

export const secret = (allowed: string, accepts: (value: string) => boolean) =>
  read(allowed, (value) => (accepts(value) ? value : undefined), true);

export const port = () =>
  read('a port from 0 (any free one) to 65535', (value) =>
    /^\d{1,5}$/.test(value) && Number(value) <= 65535 ? Number(value) : undefined,
  );

export const whole = (most: number) =>
  read(`a whole number from 0 to ${most}`, (value) =>
    /^\d{1,9}$/.test(value) && Number(value) <= most ? Number(value) : undefined,
  );

export const oneOf = <const T extends string>(...values: T[]) =>
  read(`one of ${values.join(', ')}`, (value) => values.find((allowed) => allowed === value));

export const flag = () =>
  read('true or false', (value) => (value === 'true' ? true : value === 'false' ? false : undefined));

export const listOf = <const T extends string>(...values: T[]) =>
  read(`a comma-separated list of ${values.join(', ')}`, (value) => {
    const parts = [...new Set(value.split(',').map((part) => part.trim()))];
    const known = values.filter((allowed) => parts.includes(allowed));
    return known.length === parts.length ? known : undefined;
  });

/** An ISO 8601 duration, read as ms. */
export const duration = (least: string) =>
  read(`an ISO 8601 duration of at least ${least}, like PT72H, PT5M or PT30S`, (value) => {
    try {
      const ms = parseDuration(value);
      return ms >= parseDuration(least) ? ms : undefined;
    } catch {
      return undefined;
    }
  });

export const url = (allowed: string, ...protocols: string[]) =>
  read(allowed, (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    return parsed && protocols.includes(parsed.protocol) ? value : undefined;
  });

const HOST_NAME = /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]*[a-z\d])?(\.[a-z\d_]([a-z\d_-]*[a-z\d])?)*$/i;

export const hosts = () =>
  read('host names, IP addresses or CIDR ranges like 10.1.0.0/16, separated by commas', (value) => {
    const entries = value.split(',').map((entry) => entry.trim());
    const isHost = (entry: string) =>
      entry.includes('/')
        ? ipaddr.isValidCIDR(entry)
        : ipaddr.IPv4.isValidFourPartDecimal(entry) ||
          ipaddr.IPv6.isValid(entry) ||
          (HOST_NAME.test(entry) && !/^[\d.]+$/.test(entry));
    return entries.every(isHost) ? entries : undefined;
  });
