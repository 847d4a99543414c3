/** Why a request is refused. */
export type Reason =
  /** It does not exist, or it is another workspace's, which is the same for the caller. */
  | { readonly kind: 'absent'; readonly what: string; readonly detail?: string }
  /** It is not valid: what is wrong with which property. */
  | { readonly kind: 'invalid'; readonly wrong: Readonly<Record<string, string | string[]>> }
  /** It is not possible in the current state. */
  | { readonly kind: 'untimely'; readonly why: string }
  /** Something else stands in its way; `by`: which; `deviceId`: where. */
  | { readonly kind: 'conflict'; readonly why: string; readonly by?: string; readonly deviceId?: string };

/**
 * What a decider or handler throws instead of doing what was asked. It uses the domain's words; the edge translates it
 * for the client. The message never holds a PIN or token.
 */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';

  constructor(
    readonly reason: Reason,
    message: string,
  ) {
    super(message);
  }

  /**
   * @param what as in "The access code does not exist."
   * @param detail a sentence in place of that one
   */
  static absent(what: string, detail?: string): Refusal {
    const reason = { kind: 'absent', what, ...(detail === undefined ? {} : { detail }) } as const;
    return new Refusal(reason, detail ?? `The ${what} does not exist.`);
  }

  /** @param wrong what is wrong with each property, by its name */
  static invalid(message: string, wrong: Readonly<Record<string, string | string[]>>): Refusal {
    return new Refusal({ kind: 'invalid', wrong }, message);
  }

  static untimely<Why extends string>(why: Why, message: string): Refusal {
    return new Refusal({ kind: 'untimely', why }, message);
  }

  /** @param deviceId the device on which it is in the way, where several were asked for */
  static conflict<Why extends string>(why: Why, message: string, deviceId?: string): Refusal {
    return new Refusal({ kind: 'conflict', why, ...(deviceId === undefined ? {} : { deviceId }) }, message);
  }
}

/** Whether it is about something that does not exist. */
export const isAbsence = (error: unknown): boolean =>
  error instanceof Refusal && error.reason.kind === 'absent';
