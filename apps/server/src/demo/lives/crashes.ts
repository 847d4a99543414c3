import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { LEAD } from '../story';
import type { Life } from './life';

export const killed: Life = {
  title: 'kill -9 in the middle',
  subtitle: 'Garage: A is acknowledged and the server dies at once; it dies again while B falls due',
  async play(story, scene) {
    const a = await story.create({ lock: 'Garage', native: false, code: '4821', label: 'A', hurried: true });
    const startsAt = story.at + 3 * HOUR;
    const window = { startsAt, endsAt: startsAt + HOUR };
    const b = await story.create({
      lock: 'Garage',
      native: false,
      code: '7350',
      window,
      label: 'B',
      hurried: true,
    });
    story.say('both are acknowledged; kill -9, restart');
    await scene.crash();
    await story.resume();
    await story.watchUntil('A is set', () => a.status === 'set', 3 * MINUTE);

    await story.goTo(startsAt - LEAD - SECOND);
    story.say('2 h go by, and kill -9 on the way');
    const advance = scene.api.advanceTo(startsAt + HOUR - SECOND).catch(() => undefined);
    // Until B's first command is on its way.
    while ((await scene.events().of(b.id)).length === b.events.length);
    await scene.crash();
    await advance;
    await story.resume();
    await story.goTo(startsAt + HOUR - SECOND);
    story.expect('B is set', b.status === 'set' && b.opens);
    await story.goTo(window.endsAt);
    await story.watchUntil('B is gone', () => b.status === 'gone', 3 * MINUTE);

    for (const code of [a, b]) story.expectEvents(code, 'CodeRequested', 'SetOnDevice');
    story.expectTold(a, 'created', 'set_on_device');
    story.expectTold(b, 'created', 'set_on_device', 'removed_from_device');
    story.expect('nothing is on the lock twice', (await story.locks.named('Garage')).codes.length === 1);
    await story.remove(a);
    await story.watchUntil('A is gone', () => a.status === 'gone', MINUTE);
  },
};
