import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import type { Scene } from '../scene';
import { type CodeOfStory, LEAD, type Story } from '../story';
import type { Life } from './life';

/** Hangs up a lock for one story and waits until it is known. */
export async function hang(story: Story, scene: Scene, name: string): Promise<string> {
  const { lock_id } = await scene.hang(name);
  for (let waited = 0; waited < 60 * SECOND; waited += SECOND) {
    await story.watch(SECOND);
    if (await story.api.deviceNamed(name).catch(() => null)) return lock_id;
  }
  throw new Error(`${name} was never found`);
}

const isSet = (story: Story, code: CodeOfStory, what = 'the code is set') =>
  story.watchUntil(what, () => code.status === 'set' && code.opens, 10 * MINUTE);

export const isGone = (story: Story, code: CodeOfStory) =>
  story.watchUntil('the code is gone', () => code.status === 'gone' && !code.opens, 10 * MINUTE);

export const stays: Life = {
  title: 'A stay',
  subtitle: 'Lobby: on the lock 60 min before the start, changed, off at the end',
  async play(story, scene) {
    await hang(story, scene, 'Lobby');
    const startsAt = story.at + 5 * HOUR;
    const window = { startsAt, endsAt: startsAt + DAY };
    const code = await story.create({ lock: 'Lobby', native: false, code: '4821', window });
    await story.goTo(startsAt - LEAD - SECOND);
    story.expect('it is still unset', code.status === 'unset' && !code.opens);
    await isSet(story, code);
    await story.goTo(startsAt + HOUR);
    story.say('another PIN');
    await story.update(code, { code: '7350' });
    await isSet(story, code, 'the new PIN is set');
    story.expect(
      'the old PIN opens nothing any more',
      !(await story.locks.opens(code.lockId, '4821', story.at)),
    );
    await story.goTo(window.endsAt - SECOND);
    story.expect('it is set to the end', code.status === 'set' && code.opens);
    await story.goTo(window.endsAt);
    await isGone(story, code);
    // Integrations are told a moment later.
    await story.watch(SECOND);
    story.expectEvents(code, 'SetOnDevice', 'ChangedOnDevice', 'RemovalStarted', 'Removed');
    story.expectTold(code, 'created', 'set_on_device', 'removed_from_device');
  },
};

export const broughtBack: Life = {
  title: 'Taken off by hand',
  subtitle:
    'Gate: somebody erases our code at the keypad and adds one of theirs; ours is put back, theirs is left alone',
  async play(story, scene) {
    const lockId = await hang(story, scene, 'Gate');
    const code = await story.create({ lock: 'Gate', native: false, code: '4821' });
    await isSet(story, code);
    const [ours] = (await story.locks.named('Gate')).codes;
    code.unseen = true;
    await story.locks.removeByHand(lockId, ours!.access_code_id);
    await story.locks.addByHand(lockId, { name: '3', code: '1357' });
    await story.watchUntil('that is found', () => code.events.includes('RemovedExternally'), MINUTE);
    await isSet(story, code, 'it is put back');
    code.unseen = false;
    await story.remove(code);
    await isGone(story, code);
    story.expect("the stranger's code is left alone", await story.locks.opens(lockId, '1357', story.at));
  },
};

export const fullOfCodes: Life = {
  title: 'A full lock',
  subtitle: 'Studio: five slots are ours, six codes are asked for; the sixth goes on when one is deleted',
  async play(story, scene) {
    await hang(story, scene, 'Studio');
    const codes: CodeOfStory[] = [];
    for (let number = 1; number <= 6; number++) {
      codes.push(
        await story.create({
          lock: 'Studio',
          native: false,
          code: `${number}${number}90`,
          label: `${number}`,
        }),
      );
    }
    const sixth = codes[5]!;
    await story.watchUntil(
      'five are set',
      () => codes.slice(0, 5).every(({ status }) => status === 'set'),
      10 * MINUTE,
    );
    story.expect('the sixth is not called set', sixth.status !== 'set' && !sixth.opens);
    const seen = await story.api.accessCode(sixth.id);
    story.say(`errors: ${seen!.errors.map(({ error_code }) => error_code).join(', ')}`);
    story.expect('that is told as an error', seen!.errors.length > 0);
    await story.remove(codes[0]!);
    await isGone(story, codes[0]!);
    await story.watchUntil(
      'the sixth is set',
      () => sixth.status === 'set' && sixth.opens,
      HOUR,
      10 * SECOND,
    );
    story.expect('nothing is on the lock twice', (await story.locks.named('Studio')).codes.length === 5);
    for (const code of codes.slice(1)) await story.remove(code);
    for (const code of codes.slice(1)) await isGone(story, code);
  },
};

export const lockDead: Life = {
  title: 'A lock whose batteries are out',
  subtitle: 'Hut: not called set, told to be late, set when the lock is back',
  async play(story, scene) {
    const lockId = await hang(story, scene, 'Hut');
    await story.locks.faults(lockId, { offline: true });
    const code = await story.create({ lock: 'Hut', native: false, code: '4821' });
    await story.watch(6 * MINUTE, 10 * SECOND);
    story.expect('it is not called set', code.status !== 'set');
    story.expectEvents(code, 'SettingDelayed');
    await story.locks.faults(lockId, { offline: false });
    await isSet(story, code);
    await story.remove(code);
    await isGone(story, code);
  },
};

export const hubAway: Life = {
  title: 'The hub is killed',
  subtitle: 'Cellar: what is asked for meanwhile is on the lock once the hub is back',
  async play(story, scene) {
    await hang(story, scene, 'Cellar');
    const before = await story.create({ lock: 'Cellar', native: false, code: '4821', label: 'A' });
    await isSet(story, before, 'A is set');
    story.say('the hub is killed');
    await scene.hub!.crash();
    const asked = await story.create({ lock: 'Cellar', native: false, code: '7350', label: 'B' });
    await story.watch(MINUTE, 10 * SECOND);
    story.expect('B is not called set', asked.status !== 'set' && !asked.opens);
    story.say('the hub is back');
    await scene.hub!.restart();
    await isSet(story, asked, 'B is set');
    story.expect('nothing is on the lock twice', (await story.locks.named('Cellar')).codes.length === 2);
    for (const code of [before, asked]) await story.remove(code);
    for (const code of [before, asked]) await isGone(story, code);
  },
};

export const overwritten: Life = {
  title: 'Another PIN in our slot',
  subtitle:
    'Annex: somebody programs their own PIN over ours; where the lock shows digits ours is put back, else it goes into another slot',
  async play(story, scene) {
    const lockId = await hang(story, scene, 'Annex');
    const code = await story.create({ lock: 'Annex', native: false, code: '4821' });
    await isSet(story, code);
    const [ours] = (await story.locks.named('Annex')).codes;
    code.unseen = true;
    await story.locks.changeByHand(lockId, ours!.access_code_id, { code: '9999' });
    const found = (type: string) => code.events.includes(type);
    const isFound = () => found('RemovedExternally') || found('ModifiedExternally');
    await story.watchUntil('that is found', isFound, MINUTE);
    await isSet(story, code, 'it is on the lock again');
    code.unseen = false;
    const opens = await story.locks.opens(lockId, '9999', story.at);
    story.expect('theirs is left alone, or ours is in its place', opens === found('RemovedExternally'));
    await story.remove(code);
    await isGone(story, code);
  },
};

export const killedAtHub: Life = {
  title: 'kill -9 in the middle',
  subtitle: 'Loft: A is acknowledged and the server dies at once; it dies again while B falls due',
  async play(story, scene) {
    await hang(story, scene, 'Loft');
    const a = await story.create({ lock: 'Loft', native: false, code: '4821', label: 'A', hurried: true });
    const startsAt = story.at + 3 * HOUR;
    const window = { startsAt, endsAt: startsAt + HOUR };
    const b = await story.create({
      ...{ lock: 'Loft', native: false, code: '7350', window, label: 'B', hurried: true },
    });
    story.say('both are acknowledged; kill -9, restart');
    await scene.crash();
    await story.resume();
    await isSet(story, a, 'A is set');
    await story.goTo(startsAt - LEAD - SECOND);
    story.say('2 h go by, and kill -9 on the way');
    const advance = scene.api.advanceTo(startsAt + HOUR - SECOND).catch(() => undefined);
    while ((await scene.events().of(b.id)).length === b.events.length);
    await scene.crash();
    await advance;
    await story.resume();
    await story.goTo(startsAt + HOUR - SECOND);
    await story.watchUntil('B is set', () => b.status === 'set' || b.status === 'gone', SECOND);
    await story.goTo(window.endsAt);
    await isGone(story, b);
    story.expect('nothing is on the lock twice', (await story.locks.named('Loft')).codes.length === 1);
    await story.remove(a);
    await isGone(story, a);
  },
};
