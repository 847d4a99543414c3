import { freePort } from '@latchkey/platform';

/**
 * Seam's own in-memory fake of its API, with as many locks as asked for. A child process of the benchmark; tells its
 * parent where it listens.
 */
interface Fake {
  readonly database: { addDevice(device: Record<string, unknown>): unknown };
  seed(): Promise<{
    seam_apikey1_token: string;
    john_connected_account_id: string;
    seed_workspace_1: string;
  }>;
  startServer(options: { port: number }): Promise<void>;
}

async function main(locks: number): Promise<void> {
  // Its types want packages that only its authors have.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const seam = require('@seamapi/fake-seam-connect') as { createFake(): Promise<Fake> };
  const fake = await seam.createFake();
  const seed = await fake.seed();
  for (let index = 0; index < locks; index++) {
    fake.database.addDevice({
      device_type: 'august_lock',
      connected_account_id: seed.john_connected_account_id,
      workspace_id: seed.seed_workspace_1,
      name: `Door ${index}`,
      properties: {},
      errors: [],
      warnings: [],
    });
  }
  // It takes no port 0.
  const port = await freePort();
  await fake.startServer({ port });
  process.send!({ url: `http://127.0.0.1:${port}`, apiKey: seed.seam_apikey1_token });
}

process.once('disconnect', () => process.exit());
void main(Number(process.argv[2]));
