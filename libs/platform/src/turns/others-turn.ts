/** In the middle of much work: lets whatever else has come meanwhile go first. */
export const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
