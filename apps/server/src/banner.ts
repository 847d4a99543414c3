import type { RunningServer } from './server';

/** What a newcomer needs to see: where it is, how to get in, and a line that works as it stands. */
export function welcome({ url, config, sandbox }: RunningServer): string {
  if (!sandbox) return `Latchkey listens on ${url}\n`;
  const lines = [
    `Latchkey listens on ${url} (sandbox)`,
    `  API key     ${sandbox.apiKey}`,
    `  lock cloud  ${sandbox.lockCloudUrl}/simulator/locks`,
    `  data        ${config.dataDir}`,
    '',
    `  curl -s ${url}/devices/list -H 'Authorization: Bearer ${sandbox.apiKey}' -X POST`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}
