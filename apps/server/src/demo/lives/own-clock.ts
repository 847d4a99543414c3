import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { hang, isGone } from './at-hub';
import type { Life } from './life';

export const keepsWindow: Life = {
  title: 'A lock at a hub that keeps windows by itself',
  subtitle: 'Porch: on the lock at once, opens in its window only; the server is dead when that ends',
  async play(story, scene) {
    await hang(story, scene, 'Porch');
    const startsAt = Math.ceil(story.at / HOUR) * HOUR + 5 * HOUR;
    const endsAt = startsAt + 3 * HOUR;
    const code = await story.create({
      ...{ lock: 'Porch', native: true, code: '4821', window: { startsAt, endsAt } },
    });
    const isScheduled = () => code.events.includes('ScheduledOnDevice');
    await story.watchUntil('it is scheduled on the lock', isScheduled, MINUTE);
    const held = async () => (await story.locks.named('Porch')).codes.length;
    story.expect('the lock has it, and is shut', (await held()) === 1 && !code.opens);
    await story.goTo(startsAt - SECOND);
    story.expect('it is shut to the last second', code.status === 'unset' && !code.opens);
    await story.goTo(startsAt);
    await story.watchUntil('it is set at its start', () => code.status === 'set' && code.opens, MINUTE);
    await story.goTo(endsAt - MINUTE);
    story.say('kill -9');
    await scene.die();
    story.expect('it opens to the last second', await story.typed(code, endsAt - SECOND));
    story.expect('it is shut from its end on', !(await story.typed(code, endsAt)));
    story.expect('it is shut an hour later', !(await story.typed(code, endsAt + HOUR)));
    story.expect('it is still there', (await held()) === 1);
    story.say('the server is started again');
    await scene.revive();
    await story.goTo(endsAt + HOUR);
    await isGone(story, code);
    story.expect('the lock has forgotten it', (await held()) === 0);
    await story.watch(SECOND);
    story.expectEvents(code, 'ScheduledOnDevice', 'SetOnDevice', 'RemovalStarted', 'Removed');
    story.expectTold(code, 'created', 'scheduled_on_device', 'set_on_device', 'removed_from_device');
  },
};
