/** A request that the cloud turns down: answered as `{ error_code, message }` with the given HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

export const notFound = (what: string) => new Refusal(404, 'NOT_FOUND', `There is no such ${what}.`);
export const invalidRequest = (message: string) => new Refusal(400, 'INVALID_REQUEST', message);
export const unauthorized = () =>
  new Refusal(401, 'UNAUTHORIZED', 'The access token is missing, unknown or expired.');

const statusOfRefusal: Record<string, number> = {
  INVALID_PIN: 422,
  SCHEDULE_NOT_SUPPORTED: 422,
  INVALID_REQUEST: 400,
  NOT_FOUND: 404,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
};

/** A refusal that a fault asks for. The codes that the cloud itself gives keep their status; all others are 409. */
export const refusedByFault = (code: string) =>
  new Refusal(statusOfRefusal[code] ?? 409, code, `The lock refuses: ${code}.`);
