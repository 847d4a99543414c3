import type { Permission } from '@latchkey/database';
import { SetMetadata } from '@nestjs/common';
import type { NamedSchema } from '../openapi/schemas';
import { type ParamsClass } from '../params/param';

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What is declared of an endpoint besides its handler. */
export interface SeamEndpoint {
  readonly path: string;
  /** Every verb that it answers, POST always among them. */
  readonly verbs: readonly Verb[];
  /** Only there in sandbox mode. */
  readonly sandboxOnly: boolean;
  /** The permission that an API key needs for it, if any. */
  readonly permission?: Permission | undefined;
  readonly summary: string;
  /** The keys of its answer beside `ok`, and what stands under them, for the OpenAPI document. */
  readonly answer: Readonly<Record<string, AnswerPart>>;
  readonly params: ParamsClass;
  /** The media type, where it answers with something other than JSON. */
  readonly streams?: string | undefined;
  /** Whether it is asked only once the views have what was answered before; false where it reads no view of codes. */
  readonly readsOwnWrites: boolean;
}

/** A shape, or a list of it. */
export type AnswerPart = NamedSchema | { readonly listOf: NamedSchema };

const ENDPOINT = 'latchkey:endpoint';

/**
 * An endpoint as Seam's SDKs call it: by POST with a JSON body, and by the given verbs besides, GET and DELETE
 * with a query string, PATCH and PUT with a body; HEAD where GET is. The answer is what its handler
 * resolves to, with `ok: true` added; other verbs get a 405.
 */
export function SeamRoute(
  path: string,
  verbs: readonly Verb[],
  about: {
    readonly summary: string;
    readonly answer?: Readonly<Record<string, AnswerPart>>;
    readonly params: ParamsClass;
    readonly sandboxOnly?: boolean;
    readonly permission?: Permission;
    readonly streams?: string;
    readonly readsOwnWrites?: boolean;
  },
): MethodDecorator {
  const endpoint: SeamEndpoint = {
    path,
    verbs: [...new Set<Verb>([...verbs, 'POST'])],
    sandboxOnly: about.sandboxOnly ?? false,
    permission: about.permission,
    summary: about.summary,
    answer: about.answer ?? {},
    params: about.params,
    streams: about.streams,
    readsOwnWrites: about.readsOwnWrites ?? true,
  };
  return SetMetadata(ENDPOINT, endpoint);
}

/** Whether it only reads, and can be repeated at will. */
export const changesNothing = ({ verbs }: SeamEndpoint): boolean => verbs.includes('GET');

/** The endpoint that a controller's method was declared to be. */
export function endpointOf(handler: object): SeamEndpoint | undefined {
  return Reflect.getMetadata(ENDPOINT, handler) as SeamEndpoint | undefined;
}

/** The verbs that an endpoint answers, as the header Allow has them. */
export function allowedBy({ verbs }: SeamEndpoint): string[] {
  return verbs.flatMap((verb) => (verb === 'GET' ? ['GET', 'HEAD'] : [verb]));
}

const ACTS = 'latchkey:acts-on-get';

/** Marks a GET that changes something, such as the return from a login: HEAD, which must not, is a 405. */
export const ActsOnGet = () => SetMetadata(ACTS, true);

/** Whether a GET of this method changes something. */
export function actsOnGet(handler: object): boolean {
  return Reflect.getMetadata(ACTS, handler) === true;
}

const OPEN = 'latchkey:open';

/** Marks what answers without an API key: health, documents, what browsers and lock makers call. */
export const Open = () => SetMetadata(OPEN, true);

/** Whether the method or its controller answers without an API key. */
export function isOpen(handler: object, controller: object): boolean {
  return Reflect.getMetadata(OPEN, handler) === true || Reflect.getMetadata(OPEN, controller) === true;
}
