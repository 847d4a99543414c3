import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { type CodeOfStory, type Story } from '../story';
import type { Life } from './life';

async function issuesOf(story: Story, code: CodeOfStory): Promise<string[]> {
  const seen = await story.api.accessCode(code.id);
  return [
    ...(seen?.errors.map(({ error_code }) => error_code) ?? []),
    ...(seen?.warnings.map(({ warning_code }) => warning_code) ?? []),
  ];
}

async function expectIssues(story: Story, code: CodeOfStory, ...expected: string[]): Promise<void> {
  const issues = await issuesOf(story, code);
  story.say(`errors and warnings: ${issues.join(', ') || 'none'}`);
  const agree =
    expected.length === 0 ? issues.length === 0 : expected.every((issue) => issues.includes(issue));
  story.expect(`the code has ${expected.join(', ') || 'no errors'}`, agree);
}

export const offline: Life = {
  title: 'A lock that is offline',
  subtitle: 'Shed: tried again with growing pauses, told to be late after 5 min, set when the lock is back',
  async play(story, { cloud }) {
    await cloud.add({ name: 'Shed', native_scheduling: false });
    const { lock_id } = await story.locks.named('Shed');
    await story.watch(2 * SECOND);
    story.say('Shed goes offline');
    await story.locks.faults(lock_id, { offline: true });
    await story.watch(SECOND);
    const code = await story.create({ lock: 'Shed', native: false, code: '4821' });
    await story.watch(6 * MINUTE, 5 * SECOND);
    story.expect('it is not called set', code.status === 'setting');
    story.expectEvents(code, 'SettingDelayed');
    await expectIssues(
      story,
      code,
      'failed_to_set_on_device',
      'delay_in_setting_on_device',
      'device_disconnected',
    );
    story.say('Shed is back');
    await story.locks.faults(lock_id, { offline: false });
    await story.watchUntil('the code is set', () => code.status === 'set', 2 * MINUTE);
    await expectIssues(story, code);
    story.expectTold(code, 'failed_to_set_on_device', 'delay_in_setting_on_device', 'set_on_device');
    await story.remove(code);
    await story.watchUntil('the code is gone', () => code.status === 'gone', MINUTE);
  },
};

export const refusing: Life = {
  title: 'A lock that refuses, loses an answer, and is slow',
  subtitle:
    'Garage: a refusal is retried, a lost answer is looked up on the lock, and nothing is programmed twice',
  async play(story) {
    const { lock_id } = await story.locks.named('Garage');
    story.say('Garage refuses: DEVICE_BUSY');
    await story.locks.faults(lock_id, { refuse: 'DEVICE_BUSY' });
    const refused = await story.create({ lock: 'Garage', native: false, code: '4821', label: 'A' });
    await story.watch(30 * SECOND);
    story.expect('A is not called set', refused.status === 'setting');
    story.say('Garage takes codes again');
    await story.locks.faults(lock_id, { refuse: null });
    await story.watchUntil('A is set', () => refused.status === 'set', 2 * MINUTE);

    story.say('Garage will take 20 s, and its next answer is lost');
    await story.locks.faults(lock_id, { latency_ms: 20_000, lose_answers: 1 });
    const lost = await story.create({ lock: 'Garage', native: false, code: '7350', label: 'B' });
    await story.watchUntil('B is set', () => lost.status === 'set', 3 * MINUTE);
    const { codes } = await story.locks.named('Garage');
    story.expect('B is on the lock once', codes.filter(({ code }) => code === lost.code).length === 1);
    story.expectEvents(lost, 'CommandUnanswered', 'SetOnDevice');
    await story.locks.faults(lock_id, { latency_ms: 2000 });

    story.say('delete both');
    await story.remove(refused);
    await story.remove(lost);
    await story.watchUntil(
      'both are gone',
      () => [refused, lost].every((code) => code.status === 'gone'),
      MINUTE,
    );
  },
};

export const impossible: Life = {
  title: 'A PIN that the lock can never take',
  subtitle: 'Garage: not tried again until it is changed',
  async play(story) {
    const { lock_id } = await story.locks.named('Garage');
    story.say('Garage takes no such PIN: INVALID_PIN');
    await story.locks.faults(lock_id, { fail: 'INVALID_PIN' });
    const code = await story.create({ lock: 'Garage', native: false, code: '4821' });
    await story.watch(5 * SECOND);
    await story.goTo(story.at + 12 * HOUR);
    story.expectEvents(code, 'ProgrammingStarted', 'ProgrammingFailed');
    await expectIssues(story, code, 'code_constraints_violated');
    await story.locks.faults(lock_id, { fail: null });
    story.say('another PIN');
    await story.update(code, { code: '7350' });
    await story.watchUntil('the code is set', () => code.status === 'set', MINUTE);
    await expectIssues(story, code);
    await story.remove(code);
    await story.watchUntil('the code is gone', () => code.status === 'gone', MINUTE);
  },
};

export const accountLost: Life = {
  title: 'A lost account',
  subtitle:
    'Garage: nothing is known of A and B meanwhile; B ends, and is taken off when the account is back',
  async play(story) {
    const { connected_accounts } = await story.api.post<{
      connected_accounts: { connected_account_id: string }[];
    }>('/connected_accounts/list');
    const { connected_account_id } = connected_accounts[0]!;
    const endsAt = story.at + 2 * HOUR;
    const stays = await story.create({ lock: 'Garage', native: false, code: '4821', label: 'A' });
    const window = { startsAt: story.at, endsAt };
    const ends = await story.create({ lock: 'Garage', native: false, code: '7350', label: 'B', window });
    await story.watchUntil(
      'both are set',
      () => [stays, ends].every((code) => code.status === 'set'),
      MINUTE,
    );
    story.say('the account is lost');
    await story.api.post('/connected_accounts/simulate/disconnect', { connected_account_id });
    await story.watch(SECOND);
    story.expect(
      'nobody claims to know',
      [stays, ends].every((code) => code.status === 'unknown'),
    );
    await story.goTo(endsAt + 10 * MINUTE);
    story.expect('nothing was sent to the lock', !ends.events.includes('RemovalSent'));
    story.say('the account is back');
    await story.api.post('/connected_accounts/simulate/connect', { connected_account_id });
    await story.settle();
    await story.watchUntil('A is set again', () => stays.status === 'set', MINUTE);
    await story.watchUntil('B is gone', () => ends.status === 'gone', MINUTE);
    story.expectEvents(stays, 'SetOnDevice', 'ConnectionLost', 'ConnectionRestored');
    story.expectEvents(ends, 'SetOnDevice', 'ConnectionLost', 'ConnectionRestored', 'Removed');
    await story.remove(stays);
    await story.watchUntil('A is gone', () => stays.status === 'gone', MINUTE);
  },
};
