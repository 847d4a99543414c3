/** For whoever typed the code. The library's own message may quote it. */
export function whyNotPaired(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : 'unknown error';
  const reason =
    name === 'DiscoveryError'
      ? 'No lock on this network answers to that code'
      : `The lock could not be paired with that code (${name})`;
  return `${reason}. Share it again from its usual app, since codes run out; where locks can not be found, write its address behind the code: CODE@ADDRESS:PORT.`;
}
