const waiting: (() => void)[] = [];

/**
 * Writes when this turn of the event loop ends, after all else that is written in it. To write to a connection wakes the
 * process at its other end, which costs the writer more than the answer itself does; written one after the other, the
 * second finds it awake.
 * @param write must not throw
 */
export function writeAtEndOfTurn(write: () => void): void {
  if (waiting.push(write) === 1) setImmediate(writeAll);
}

function writeAll(): void {
  for (const write of waiting.splice(0)) write();
}
