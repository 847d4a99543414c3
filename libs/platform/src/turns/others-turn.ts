/** During long work: lets everything else that is waiting for the event loop go first. */
export const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
