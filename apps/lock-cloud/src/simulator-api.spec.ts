import fc from 'fast-check';
import { CloudClient, at } from './testing/cloud-client';

describe('the simulator', () => {
  let cloud: CloudClient;

  afterEach(() => cloud.close());

  it('begins with four locks that differ in what they can do', async () => {
    cloud = await CloudClient.start({ locks: 'sandbox' });
    const { locks } = (await cloud.call('GET', '/locks')).body;
    const abilities = locks.map((lock) => [
      lock.name,
      (lock as unknown as { capabilities: object }).capabilities,
    ]);
    expect(Object.fromEntries(abilities)).toMatchObject({
      'Front Door': { native_scheduling: true, supported_code_lengths: [4, 5, 6, 7, 8] },
      Garage: { native_scheduling: false },
      Office: {
        native_scheduling: true,
        supported_code_lengths: [6],
        max_active_codes: 5,
        code_constraints: [
          { constraint_type: 'no_all_same_digits' },
          { constraint_type: 'no_ascending_or_descending_sequence' },
        ],
      },
      Barn: { native_scheduling: false },
    });
    const seen = (await cloud.call('GET', '/simulator/locks')).body.locks;
    expect(seen.map(({ name }) => name)).toEqual(['Front Door', 'Garage', 'Office', 'Barn']);
    expect(seen[3]).toMatchObject({ online: true, codes: [], faults: { latency_ms: 8000 } });
  });

  it("lets somebody else's hand at the lock, which nobody is told of", async () => {
    cloud = await CloudClient.start();
    const lock = await cloud.addLock();
    await cloud.subscribe('http://127.0.0.1:9');
    const path = `/simulator/locks/${lock}/codes`;
    const made = await cloud.call('POST', path, { name: 'Neighbour', code: '4711' });
    expect(made).toMatchObject({ status: 201, body: { name: 'Neighbour', code: '4711', status: 'active' } });
    expect((await cloud.call('POST', path, { name: 'Again', code: '4711' })).body.error_code).toBe(
      'PIN_CONFLICT',
    );
    const { access_code_id } = made.body;
    expect(await cloud.opens(lock, '4711')).toBe(true);
    await cloud.call('DELETE', `/webhooks/${(await cloud.subscribe('http://127.0.0.1:9')).body.webhook_id}`);
    const changed = await cloud.call('PATCH', `${path}/${access_code_id}`, {
      code: '0815',
      ends_at: at(1000),
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Neighbour', code: '0815', ends_at: at(1000) },
    });
    expect(await cloud.codes(lock)).toMatchObject([{ access_code_id, code: '0815', status: 'active' }]);
    expect((await cloud.call('DELETE', `${path}/${access_code_id}`)).status).toBe(200);
    expect(await cloud.codes(lock)).toEqual([]);
    expect((await cloud.call('DELETE', `${path}/${access_code_id}`)).status).toBe(404);
    expect((await cloud.advance(0)).body.next_due_at).toBeNull();
  });

  it('adds locks by the hundred, for any account, and takes them away with all they hold', async () => {
    cloud = await CloudClient.start();
    const locks = Array.from({ length: 300 }, (_, i) => ({
      name: `Door ${i}`,
      account: i % 2 ? 'odd' : 'even',
    }));
    const added = await cloud.call('POST', '/simulator/locks', { locks });
    expect([added.status, added.body.locks.length]).toEqual([201, 300]);
    await cloud.authorize('odd');
    expect((await cloud.call('GET', '/locks')).body.locks).toHaveLength(150);
    const lock = added.body.locks[1]?.lock_id ?? '';
    const { body } = await cloud.create(lock, { code: '1234' });
    expect((await cloud.call('DELETE', `/simulator/locks/${lock}`)).status).toBe(200);
    expect((await cloud.call('GET', `/access_codes/${body.access_code_id}`)).status).toBe(404);
    const wrong = [
      {},
      { name: '' },
      { name: 'x', timezone: 'Mars/Olympus' },
      { name: 'x', supported_code_lengths: [] },
    ];
    for (const one of [...wrong, { locks: [{ name: 'Good' }, { name: 5 }] }]) {
      expect((await cloud.call('POST', '/simulator/locks', one)).status).toBe(400);
    }
    expect((await cloud.call('GET', '/simulator/locks')).body.locks).toHaveLength(299);
  });

  it('locks and unlocks by remote, and says so when it is done', async () => {
    cloud = await CloudClient.start();
    const lock = await cloud.addLock({ faults: { latency_ms: 500 } });
    const action = await cloud.call('POST', `/locks/${lock}/actions`, {
      action: 'unlock',
      custom_id: 'mine',
    });
    expect(action.body).toEqual({ action_id: expect.any(String), custom_id: 'mine', status: 'pending' });
    expect((await cloud.call('GET', `/locks/${lock}`)).body.lock_state).toBe('locked');
    await cloud.advance(500);
    expect((await cloud.call('GET', `/locks/${lock}`)).body.lock_state).toBe('unlocked');
    const stubborn = await cloud.addLock({ can_remotely_lock: false });
    const refused = await cloud.call('POST', `/locks/${stubborn}/actions`, { action: 'lock' });
    expect([refused.status, refused.body.error_code]).toEqual([422, 'ACTION_NOT_SUPPORTED']);
  });

  it('answers any JSON at any address with less than a 500, and never shows a value that it refuses', async () => {
    cloud = await CloudClient.start();
    const lock = await cloud.addLock();
    const { body } = await cloud.create(lock, { code: '1234' });
    const calls = fc.constantFrom(
      ...['keypad', 'codes', 'faults'].map((what) => ['POST', `/simulator/locks/${lock}/${what}`]),
      ...[
        '/simulator/locks',
        '/simulator/authorizations',
        '/webhooks',
        '/oauth/token',
        '/oauth/authorize',
      ].map((path) => ['POST', path]),
      ...[`/locks/${lock}/access_codes`, `/locks/${lock}/actions`, '/locks/%00/actions'].map((path) => [
        'POST',
        path,
      ]),
      ['PATCH', `/access_codes/${body.access_code_id}`],
      ['PATCH', `/simulator/locks/${lock}/codes/${body.access_code_id}`],
    );
    const key = fc.constantFrom(
      'name',
      'code',
      'starts_at',
      'ends_at',
      'offline',
      'latency_ms',
      'url',
      'action',
      'account',
    );
    const anyBody = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }))),
    );
    const send = async (call: string[], value: unknown) => {
      const [method = '', path = ''] = call;
      const response = await fetch(cloud.url + path, {
        method,
        headers: { authorization: `Bearer ${cloud.accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(value),
      });
      const text = await response.text();
      expect([text, response.status < 500]).toEqual([text, true]);
    };
    await fc.assert(fc.asyncProperty(calls, anyBody, send), { numRuns: 400 });
    const leaky = await cloud.call('POST', `/locks/${lock}/access_codes`, { name: 'x', code: ['271828'] });
    expect(JSON.stringify(leaky.body)).not.toContain('271828');
  }, 60_000);
});
