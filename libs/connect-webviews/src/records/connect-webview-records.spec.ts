import { migrate, openVault, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import { derivedId } from '@latchkey/platform';
import type { Database } from '@latchkey/database';
import { ConnectWebviewRecords, type WebviewFilter, webviewMigrations } from './connect-webview-records';

const WORKSPACE = 'workspace-1';
/** More than one batch of what a migration reads at a time. */
const MANY = 501;

interface FirstTable {
  connect_webviews: {
    connect_webview_id: string;
    workspace_id: string;
    wishes: string;
    created_at: number;
    status: string;
  };
}

describe.each(testEngines)('invitations that the first version made, on %s', (engine) => {
  let test: TestDatabase;
  let records: ConnectWebviewRecords;
  const idOf = (n: number) => derivedId('webview', String(n));

  beforeAll(async () => {
    test = testDatabase(engine);
    const database: Database<FirstTable> = await test.open();
    await migrate(database, 'connect_webviews', webviewMigrations.slice(0, 1));
    for (let n = 0; n < MANY; n += 1) {
      const wishes = {
        ...{ acceptedProviders: ['lock-cloud'], acceptedCapabilities: null, customRedirectUrl: null },
        ...{ customRedirectFailureUrl: null, automaticallyManageNewDevices: null },
        ...{ customMetadata: { floor: String(n % 2) }, customerKey: n === MANY - 1 ? 'Smith' : null },
        ...{ deviceSelectionMode: 'none', waitForDeviceCreation: false },
      };
      await database.db
        .insertInto('connect_webviews')
        .values({
          ...{ connect_webview_id: idOf(n), workspace_id: WORKSPACE, wishes: JSON.stringify(wishes) },
          ...{ created_at: n, status: 'pending' },
        })
        .execute();
    }
    const vault = await openVault({ database: await test.open(), masterKey: Buffer.alloc(32, 1) });
    records = await ConnectWebviewRecords.open(await test.open(), vault);
  });
  afterAll(() => test.drop());

  const found = async (filter: WebviewFilter) =>
    (await records.list(WORKSPACE, { limit: 1_000 }, filter)).items.map((one) => one.connectWebviewId);

  it('are all there, in order, without a link', async () => {
    expect(await found({})).toEqual(Array.from({ length: MANY }, (_, n) => idOf(n)));
    expect(await records.find(idOf(0))).toMatchObject({ status: 'pending', linkToken: null, createdAt: 0 });
  });

  it('are found by columns that later versions have added', async () => {
    expect(await found({ customerKey: 'Smith' })).toEqual([idOf(MANY - 1)]);
    expect(await found({ search: 'SMI' })).toEqual([idOf(MANY - 1)]);
    expect(await found({ customMetadataHas: { floor: '1' } })).toHaveLength(Math.floor(MANY / 2));
    expect(await found({ customMetadataHas: { floor: '2' } })).toEqual([]);
  });
});
