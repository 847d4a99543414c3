/** The path of the address that a lock maker's reports come to; only they know it. */
export const reportsPath = (maker: string, token: string): string =>
  `/lock_makers/${encodeURIComponent(maker)}/reports/${token}`;
