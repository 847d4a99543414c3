import { CloudClient, at } from './testing/cloud-client';

describe('what the cloud refuses', () => {
  let cloud: CloudClient;

  beforeEach(async () => {
    cloud = await CloudClient.start();
  });

  afterEach(() => cloud.close());

  const refusal = ({ status, body }: { status: number; body: { error_code: string } }) => [
    status,
    body.error_code,
  ];

  it('refuses a PIN that is on the lock, on its way there, or about to be', async () => {
    const lock = await cloud.addLock({ faults: { latency_ms: 1000 } });
    const first = await cloud.create(lock, { code: '1111' });
    expect(refusal(await cloud.create(lock, { code: '1111' }))).toEqual([409, 'PIN_CONFLICT']);
    await cloud.advance(1000);
    expect(refusal(await cloud.create(lock, { code: '1111', starts_at: at(9e9) }))).toEqual([
      409,
      'PIN_CONFLICT',
    ]);
    await cloud.update(first.body.access_code_id, { code: '2222' });
    expect(refusal(await cloud.create(lock, { code: '2222' }))).toEqual([409, 'PIN_CONFLICT']);
    expect(refusal(await cloud.create(lock, { code: '1111' }))).toEqual([409, 'PIN_CONFLICT']);
    await cloud.advance(2000);
    expect((await cloud.create(lock, { code: '1111' })).status).toBe(201);
    const other = await cloud.addLock();
    expect((await cloud.create(other, { code: '2222' })).status).toBe(201);
  });

  it('counts pending codes when it says that a lock is full', async () => {
    const lock = await cloud.addLock({ max_active_codes: 2, faults: { latency_ms: 1000 } });
    const first = await cloud.create(lock, { code: '1111' });
    await cloud.create(lock, { code: '2222' });
    expect(refusal(await cloud.create(lock, { code: '3333' }))).toEqual([409, 'LOCK_FULL']);
    await cloud.delete(first.body.access_code_id);
    expect(refusal(await cloud.create(lock, { code: '3333' }))).toEqual([409, 'LOCK_FULL']);
    await cloud.advance(5000);
    expect((await cloud.create(lock, { code: '3333' })).status).toBe(201);
  });

  it.each([
    ['no_zeros', '1203', '1234'],
    ['cannot_start_with_12', '1299', '2199'],
    ['no_triple_consecutive_ints', '9321', '1357'],
    ['no_ascending_or_descending_sequence', '4321', '4320'],
    ['at_least_three_unique_digits', '1212', '1213'],
    ['cannot_contain_089', '1238', '1237'],
    ['cannot_contain_0789', '1237', '1236'],
    ['no_all_same_digits', '7777', '7778'],
  ])('holds PINs to %s', async (constraint_type, broken, kept) => {
    const lock = await cloud.addLock({ code_constraints: [{ constraint_type }] });
    expect(refusal(await cloud.create(lock, { code: broken }))).toEqual([422, 'INVALID_PIN']);
    expect((await cloud.create(lock, { code: kept })).status).toBe(201);
  });

  it('holds codes to rules about names, starts, and the other codes', async () => {
    const named = { constraint_type: 'name_length', min_length: 2, max_length: 5 };
    const unique = [
      { constraint_type: 'name_must_be_unique' },
      { constraint_type: 'unique_first_four_digits' },
    ];
    const lock = await cloud.addLock({
      code_constraints: [named, ...unique, { constraint_type: 'start_date_in_future' }],
    });
    expect(refusal(await cloud.create(lock, { name: 'Someone', code: '12345' }))).toEqual([
      422,
      'INVALID_PIN',
    ]);
    const made = await cloud.create(lock, { name: 'Ann', code: '12345', starts_at: at(1) });
    expect(refusal(await cloud.create(lock, { name: 'Ann', code: '22345' }))).toEqual([409, 'NAME_CONFLICT']);
    expect(refusal(await cloud.create(lock, { name: 'Bob', code: '12346' }))).toEqual([409, 'PIN_CONFLICT']);
    expect(refusal(await cloud.create(lock, { name: 'Bob', code: '77777', starts_at: at(0) }))).toEqual([
      422,
      'INVALID_PIN',
    ]);
    await cloud.advance(10);
    expect((await cloud.update(made.body.access_code_id, { name: 'Anna' })).status).toBe(200);
  });

  it('draws the PIN where the lock does not let itself be told one', async () => {
    const rules = [{ constraint_type: 'cannot_specify_pin_code' }, { constraint_type: 'no_zeros' }];
    const lock = await cloud.addLock({ code_constraints: rules, supported_code_lengths: [6] });
    expect(refusal(await cloud.create(lock, { code: '123456' }))).toEqual([422, 'INVALID_PIN']);
    const drawn = await cloud.create(lock, {});
    expect(drawn.body.code).toMatch(/^[1-9]{6}$/);
    await cloud.advance(0);
    expect(await cloud.opens(lock, drawn.body.code)).toBe(true);
  });

  it('refuses lengths, schedules and bodies that make no sense', async () => {
    const lock = await cloud.addLock({ native_scheduling: false, supported_code_lengths: [4] });
    const code = '1234';
    expect(refusal(await cloud.create(lock, { code: '12345' }))).toEqual([422, 'INVALID_PIN']);
    expect(refusal(await cloud.create(lock, { code: '12a4' }))).toEqual([422, 'INVALID_PIN']);
    expect(refusal(await cloud.create(lock, { code, ends_at: at(5) }))).toEqual([
      422,
      'SCHEDULE_NOT_SUPPORTED',
    ]);
    expect((await cloud.create(lock, { code, starts_at: null, ends_at: null })).status).toBe(201);
    for (const body of [
      {},
      { code: 1234 },
      { code, starts_at: 'soon' },
      { code, colour: 'red' },
      { code, name: 'a\0b' },
      '{"code":',
      '[]',
    ]) {
      const answer = await cloud.call('POST', `/locks/${lock}/access_codes`, body);
      expect([body, ...refusal(answer)]).toEqual([body, 400, 'INVALID_REQUEST']);
    }
    const inverted = { code: '4321', starts_at: at(2), ends_at: at(1) };
    expect(refusal(await cloud.create(lock, inverted))).toEqual([400, 'INVALID_REQUEST']);
  });

  it('judges a changed window together with the end that stays', async () => {
    const lock = await cloud.addLock();
    const { body } = await cloud.create(lock, { code: '1234', starts_at: at(0), ends_at: at(1000) });
    expect(refusal(await cloud.update(body.access_code_id, { starts_at: at(1000) }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
    expect((await cloud.update(body.access_code_id, { starts_at: null, ends_at: null })).status).toBe(200);
    await cloud.advance(2000);
    expect(await cloud.opens(lock, '1234')).toBe(true);
  });

  it('knows no locks and codes but those there are, and those only for their account', async () => {
    const lock = await cloud.addLock();
    const { body } = await cloud.create(lock, { code: '1234' });
    await cloud.authorize('somebody else');
    const unknown: [string, string][] = [
      ['GET', `/locks/${lock}`],
      ['GET', `/locks/${lock}/access_codes`],
      ['DELETE', `/access_codes/${body.access_code_id}`],
      ['GET', `/access_codes/${body.access_code_id}`],
      ['GET', '/locks/nothing'],
      ['DELETE', '/webhooks/nothing'],
      ['GET', '/nothing'],
    ];
    for (const [method, path] of unknown) {
      expect([path, ...refusal(await cloud.call(method, path))]).toEqual([path, 404, 'NOT_FOUND']);
    }
    expect((await cloud.call('GET', '/locks')).body.locks).toEqual([]);
    expect((await cloud.call('GET', '/simulator/locks')).body.locks).toHaveLength(1);
  });

  it('reports what became impossible between acceptance and performance', async () => {
    const lock = await cloud.addLock({ max_active_codes: 2, faults: { latency_ms: 1000 } });
    const rival = await cloud.create(lock, { code: '1111' });
    const late = await cloud.create(lock, { code: '2222' });
    for (const code of ['1111', '3333']) {
      const byHand = await cloud.call('POST', `/simulator/locks/${lock}/codes`, { name: 'Neighbour', code });
      expect(byHand.status).toBe(201);
    }
    await cloud.advance(5000);
    const left = await cloud.codes(lock);
    expect(left.map(({ name }) => name)).toEqual(['Neighbour', 'Neighbour']);
    for (const gone of [rival, late]) {
      expect(refusal(await cloud.delete(gone.body.access_code_id))).toEqual([404, 'NOT_FOUND']);
    }
  });
});
