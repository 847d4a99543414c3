import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { LEAD } from '../story';
import type { Life } from './life';

const PRELOAD = 72 * HOUR;

export const preload: Life = {
  title: 'A lock that keeps windows by itself',
  subtitle:
    'Front Door: a code asked for 100 h ahead goes onto the lock 72 h ahead and opens in its window only',
  async play(story) {
    const startsAt = story.at + 100 * HOUR;
    const endsAt = startsAt + DAY;
    const code = await story.create({
      ...{ lock: 'Front Door', native: true, code: '4821', window: { startsAt, endsAt } },
    });
    await story.goTo(startsAt - PRELOAD - SECOND);
    story.expect('the lock has not heard of it', (await story.locks.named('Front Door')).codes.length === 0);
    await story.watch(4 * SECOND);
    story.expectEvents(code, 'ScheduledOnDevice');
    const seen = await story.api.accessCode(code.id);
    story.expect('it is scheduled on the device', seen?.is_scheduled_on_device === true);
    story.expect('it is unset until its start', seen?.status === 'unset');
    await story.goTo(startsAt - SECOND);
    await story.goTo(startsAt);
    story.expect('it is set at its start', code.status === 'set' && code.opens);
    await story.goTo(endsAt - SECOND);
    await story.goTo(endsAt);
    await story.watchUntil('the code is gone', () => code.status === 'gone', MINUTE);
    story.expectEvents(code, 'ScheduledOnDevice', 'SetOnDevice', 'RemovalStarted', 'Removed');
    story.expectTold(code, 'created', 'scheduled_on_device', 'set_on_device', 'removed_from_device');
  },
};

export const justInTime: Life = {
  title: 'A lock that keeps no windows',
  subtitle: 'Garage: programmed 60 min before the start, taken off at the end',
  async play(story) {
    const startsAt = story.at + 5 * HOUR;
    const endsAt = startsAt + 3 * HOUR;
    const code = await story.create({
      ...{ lock: 'Garage', native: false, code: '4821', window: { startsAt, endsAt } },
    });
    await story.goTo(startsAt - LEAD - SECOND);
    story.expect('it is still unset', code.status === 'unset');
    await story.watch(4 * SECOND);
    story.expect('it is set', code.status === 'set' && code.opens);
    await story.goTo(endsAt - SECOND);
    await story.goTo(endsAt);
    story.expect('it is being removed', code.status === 'removing');
    await story.watchUntil('the code is gone', () => code.status === 'gone', MINUTE);
    story.expectEvents(code, 'ProgrammingStarted', 'SetOnDevice', 'RemovalStarted', 'Removed');
    story.expectTold(code, 'created', 'set_on_device', 'removed_from_device');
  },
};

export const ongoing: Life = {
  title: 'An ongoing code',
  subtitle: 'Front Door: programmed at once, there until it is deleted',
  async play(story) {
    const code = await story.create({ lock: 'Front Door', native: true, code: '4821' });
    await story.watchUntil('the code is set', () => code.status === 'set', MINUTE);
    await story.goTo(story.at + 7 * DAY);
    story.expect('it still opens', code.status === 'set' && code.opens);
    story.say('delete');
    await story.remove(code);
    story.expect('it is being removed', code.status === 'removing');
    await story.watchUntil('the code is gone', () => code.status === 'gone', MINUTE);
    story.expectEvents(code, 'SetOnDevice', 'RemovalStarted', 'Removed');
    story.expectTold(code, 'created', 'set_on_device', 'removed_from_device');
  },
};

export const deletedEarly: Life = {
  title: 'Deleted before it was set',
  subtitle: 'Garage: A is deleted before it was sent to the lock, B while it is being sent',
  async play(story) {
    const startsAt = story.at + DAY;
    const window = { startsAt, endsAt: startsAt + DAY };
    const never = await story.create({ lock: 'Garage', native: false, code: '4821', window, label: 'A' });
    story.say('delete A');
    await story.remove(never);
    await story.watch(2 * SECOND);
    story.expect('A is gone', never.status === 'gone');
    story.expect('the lock never heard of A', !never.events.includes('ProgrammingStarted'));
    const hurried = await story.create({ lock: 'Garage', native: false, code: '7350', label: 'B' });
    await story.watch(SECOND);
    story.say('delete B');
    await story.remove(hurried);
    await story.watchUntil('B is gone', () => hurried.status === 'gone', 2 * MINUTE);
    await story.watch(5 * MINUTE, MINUTE);
    story.expect('the lock holds no code', (await story.locks.named('Garage')).codes.length === 0);
  },
};
