import type { Type, ValueProvider } from '@nestjs/common';

/** What was made already, to be injected by its class. */
export function provided<T>(token: Type<T>, useValue: NoInfer<T>): ValueProvider<T> {
  return { provide: token, useValue };
}

/** The same for parts that are asked for by a token: `tokens` says what each of them is. */
export function providedByToken(tokens: object): ValueProvider<unknown>[] {
  return Object.getOwnPropertySymbols(tokens).map((token) => ({
    provide: token,
    useValue: (tokens as Record<symbol, unknown>)[token],
  }));
}
