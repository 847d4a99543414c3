import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { type CodeOfStory, type Story } from '../story';
import type { Life } from './life';

async function isGone(story: Story, ...codes: CodeOfStory[]): Promise<void> {
  await story.watchUntil('the code is gone', () => codes.every(({ status }) => status === 'gone'), MINUTE);
}

export const changed: Life = {
  title: 'Changes',
  subtitle: 'Garage: another PIN, another start, no end, an end in the past',
  async play(story) {
    const window = { startsAt: story.at, endsAt: story.at + DAY };
    const code = await story.create({ lock: 'Garage', native: false, code: '4821', window });
    await story.watchUntil('the code is set', () => code.status === 'set', MINUTE);

    story.say('another PIN');
    await story.update(code, { code: '7350' });
    story.expect(
      'the old PIN opens until the lock has the new one',
      await story.locks.opens(code.lockId, '4821', story.at),
    );
    await story.watchUntil('the new PIN is set', () => code.status === 'set' && code.opens, MINUTE);
    story.expect(
      'the old PIN opens nothing any more',
      !(await story.locks.opens(code.lockId, '4821', story.at)),
    );
    story.expectEvents(code, 'SetOnDevice', 'ChangedOnDevice');

    story.say('starts in 6 h instead');
    const later = { startsAt: story.at + 6 * HOUR, endsAt: story.at + DAY };
    // Until the lock has confirmed that it is off, the old window is the one that it knows.
    code.unseen = true;
    await story.update(code, { window: later });
    await story.watchUntil('it is off the lock', () => code.status === 'unset' && !code.opens, MINUTE);
    code.unseen = false;
    await story.goTo(later.startsAt - HOUR);
    await story.watchUntil('it is on the lock again', () => code.status === 'set', MINUTE);

    story.say('ongoing instead');
    await story.update(code, { window: null });
    await story.goTo(later.endsAt + DAY);
    story.expect('it goes on', code.status === 'set' && code.opens);

    story.say('time-bound again, and over already');
    await story.update(code, { window: { startsAt: window.startsAt, endsAt: story.at - HOUR } });
    story.expect('it is being removed', code.status === 'removing');
    await story.expectRefusal('access_code_being_removed', () => story.update(code, { name: 'Too late' }));
    await isGone(story, code);
  },
};

export const samePin: Life = {
  title: 'One PIN, two guests',
  subtitle:
    'Front Door: refused while the windows overlap; one after the other, each opens in its own window',
  async play(story) {
    const noon = story.at + DAY;
    const first = { startsAt: noon - 20 * HOUR, endsAt: noon };
    const second = { startsAt: noon + 2 * MINUTE, endsAt: noon + DAY };
    const lock = { lock: 'Front Door', native: true, code: '4821' };
    const a = await story.create({ ...lock, window: first, label: 'A' });
    await story.expectRefusal('duplicate_access_code', () =>
      story.create({ ...lock, window: { startsAt: noon - HOUR, endsAt: noon + DAY } }),
    );
    const b = await story.create({ ...lock, window: second, label: 'B' });
    // The keypad knows PINs, not codes: as long as one of the two is told, the other's window says nothing.
    a.unseen = b.unseen = true;
    await story.watchUntil('A is on the lock', () => a.events.includes('ScheduledOnDevice'), MINUTE);
    await story.goTo(first.startsAt);
    story.expect('A opens', a.opens && a.status === 'set');
    await story.goTo(noon - SECOND);
    story.expect('B waits until A is gone from the keypad', !b.events.includes('ScheduledOnDevice'));
    await story.goTo(noon);
    story.expect('nothing opens between the two', !a.opens);
    await story.watchUntil('A is gone', () => a.status === 'gone', MINUTE);
    await story.watchUntil('B is on the lock', () => b.events.includes('ScheduledOnDevice'), MINUTE);
    story.expect('nothing opens between the two', !b.opens);
    await story.goTo(second.startsAt);
    b.unseen = false;
    await story.look();
    story.expect('B opens', b.opens && b.status === 'set');
    await story.goTo(second.endsAt);
    a.unseen = false;
    await isGone(story, a, b);
  },
};

export const strangers: Life = {
  title: "Somebody else's hand on the lock",
  subtitle: 'Garage: found when the lock is next read back, and put right; what is not ours is left alone',
  async play(story) {
    const code = await story.create({ lock: 'Garage', native: false, code: '4821' });
    await story.watchUntil('the code is set', () => code.status === 'set', MINUTE);
    const ours = async () =>
      (await story.locks.named('Garage')).codes.find(({ name }) => name === 'Demo')?.access_code_id ?? '';

    story.say('somebody changes the PIN at the lock, and adds a code');
    // What the lock has told nobody, nobody can know.
    code.unseen = true;
    await story.locks.changeByHand(code.lockId, await ours(), { code: '9999' });
    await story.locks.addByHand(code.lockId, { name: 'Stranger', code: '1357' });
    await story.watchUntil(
      'the change is found',
      () => code.events.includes('ModifiedExternally'),
      2 * DAY,
      HOUR,
    );
    await story.watchUntil('it is put right', () => code.status === 'set' && code.opens, 2 * MINUTE);
    code.unseen = false;
    story.expect(
      "the stranger's PIN for our code is gone",
      !(await story.locks.opens(code.lockId, '9999', story.at)),
    );

    story.say('somebody removes the code at the lock');
    code.unseen = true;
    await story.locks.removeByHand(code.lockId, await ours());
    await story.watchUntil('that is found', () => code.events.includes('RemovedExternally'), 2 * DAY, HOUR);
    await story.watchUntil('it is put back', () => code.status === 'set' && code.opens, 2 * MINUTE);
    code.unseen = false;

    story.say('delete ours');
    await story.remove(code);
    await isGone(story, code);
    const left = (await story.locks.named('Garage')).codes;
    story.expect("the stranger's own code is left alone", left.map(({ name }) => name).join() === 'Stranger');
    await story.locks.removeByHand(code.lockId, left[0]!.access_code_id);
  },
};
