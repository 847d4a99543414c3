import { until } from '@latchkey/platform';
import type { LockRef } from '../lock-gateway';
import { ZwaveHouse } from './testing/zwave-house';

jest.setTimeout(120_000);

const [DOOR, MODEL] = [2, 7];
const guest = { name: null, pin: '2580', window: null };

describe('Z-Wave locks whose network changes', () => {
  let house: ZwaveHouse;
  const ref = (nodeId: number): LockRef => ({ ...house.account, lockId: `${nodeId}-fff0-1-${MODEL}` });
  const ids = async () => {
    const locks = await house.adapter.locks(house.account);
    return locks.kind === 'answered' ? locks.value.map(({ lockId }) => lockId) : locks;
  };

  beforeAll(async () => {
    house = await ZwaveHouse.start([{ nodeId: DOOR, productId: MODEL, users: 6 }]);
  }, 120_000);

  afterAll(() => house.close());

  it('stay while they are interviewed anew, and are read and written as before once they were', async () => {
    expect(await house.adapter.program(ref(DOOR), { ...guest, slot: 3 })).toMatchObject({ kind: 'accepted' });
    await house.network.interviewAnew(DOOR);
    const seen = new Set<string>();
    await until(
      async () => {
        const locks = await house.adapter.locks(house.account);
        if (locks.kind !== 'answered') throw new Error(locks.message);
        expect(locks.value.map(({ lockId }) => lockId)).toEqual([ref(DOOR).lockId]);
        const isOnline = locks.value[0]!.online;
        seen.add(isOnline ? 'online' : 'offline');
        return isOnline && house.reports.some(({ kind }) => kind === 'added');
      },
      { within: 60_000 },
    );
    expect(seen).toContain('online');
    expect(await house.listed(ref(DOOR))).toMatchObject([{ lockCodeId: '3', pin: '2580' }]);
    expect(await house.adapter.change(ref(DOOR), '3', { ...guest, pin: '1470' })).toMatchObject({
      kind: 'accepted',
    });
    expect(await house.network.lock(DOOR).codes()).toEqual({ 3: '1470' });
  });

  it('are other ones with another number, also where the model is the same: no code of the old one is taken for theirs', async () => {
    const again = DOOR + 1;
    await house.network.exclude(DOOR);
    await until(async () => JSON.stringify(await ids()) === '[]');
    expect(await house.adapter.program(ref(DOOR), guest)).toMatchObject({ errorCode: 'NOT_FOUND' });
    await house.network.include({ nodeId: again, productId: MODEL, users: 6 });
    await until(async () => JSON.stringify(await ids()) === JSON.stringify([ref(again).lockId]), {
      within: 60_000,
    });
    const told = house.reports.flatMap((report) => (report.kind === 'added' ? [report.lockId] : []));
    expect(told).toEqual(expect.arrayContaining([ref(DOOR).lockId, ref(again).lockId]));
    expect(await house.listed(ref(again))).toEqual([]);
    expect(await house.adapter.remove(ref(DOOR), '3')).toMatchObject({ errorCode: 'NOT_FOUND' });
    expect(await house.adapter.program(ref(again), { ...guest, slot: 4 })).toMatchObject({
      ...{ kind: 'accepted', lockCodeId: '4' },
    });
    expect(await house.network.lock(again).codes()).toEqual({ 4: '2580' });
  });

  it('are read anew where one of the same model has the number of the old one: nothing is taken to be on it', async () => {
    const same = DOOR + 1;
    expect(await house.listed(ref(same))).toMatchObject([{ lockCodeId: '4' }]);
    await house.network.lock(same).replace();
    const before = house.reports.length;
    await house.network.interviewAnew(same);
    await until(() => house.reports.slice(before).some(({ kind }) => kind === 'added'), { within: 60_000 });
    expect(await house.listed(ref(same))).toEqual([]);
    expect(await house.adapter.program(ref(same), { ...guest, slot: 4 })).toMatchObject({ kind: 'accepted' });
    expect(await house.network.lock(same).codes()).toEqual({ 4: '2580' });
  });
});
