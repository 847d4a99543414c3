/**
 * What keeps a process from starting, or from running on: one clear line for the person who started it. The process
 * prints the message, without a stack, and exits with code 1.
 */
export class StartupError extends Error {
  override readonly name: string = 'StartupError';

  constructor(message: string, options?: ErrorOptions) {
    super(message.replace(/\s+/g, ' ').trim(), options);
  }
}

/** A setting that can't be used. */
export class ConfigError extends StartupError {
  override readonly name = 'ConfigError';
}
