/**
 * Something that the work needs does not answer now: nothing is wrong with the work itself, and it may be done again
 * later. The message is one short line, for the log and for the readiness check.
 */
export class Outage extends Error {
  override readonly name: string = 'Outage';

  /** @param part what does not answer, as messages name it: `event store`, `database` */
  constructor(
    readonly part: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`the ${part} can not be used: ${shortened(reason)}`, options);
  }
}

const LONGEST = 160;

/** The first line of a text, cut where it goes on for too long. */
function shortened(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
