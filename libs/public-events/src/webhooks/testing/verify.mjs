// Seam's own verifier, which is an ES module and so runs in a process of its own: reads
// [{ secret, body, headers }] as JSON and prints for each the event that it takes, or null.
import { readFileSync } from 'node:fs';
import { SeamWebhook } from '@seamapi/webhook';

const verify = ({ secret, body, headers }) => {
  try {
    return new SeamWebhook(secret).verify(body, headers);
  } catch {
    return null;
  }
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(verify)));
