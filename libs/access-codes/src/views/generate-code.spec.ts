import { HOUR } from '@latchkey/platform';
import { T0 } from '../domain/testing/builders';
import { aCode, aLock, anUnmanagedCode, DEVICE, onDevice, useFeature, WORKSPACE } from '../testing';
import { GenerateCode } from './queries';

const generate = (workspaceId = WORKSPACE, deviceId = DEVICE) => new GenerateCode(workspaceId, deviceId);
const oneDigit = { supportedCodeLengths: [1] };
const taken = (...pins: readonly string[]) => pins.map((pin) => aCode({ codeId: `code-${pin}`, pin }));

describe('a PIN to use on a device', () => {
  const feature = useFeature();

  it('is one that its lock takes, and reserves nothing', async () => {
    const result = await feature
      .given(aLock({ supportedCodeLengths: [6], codeConstraints: [{ constraintType: 'no_zeros' }] }))
      .when(generate())
      .then();
    expect(result).toEqual({ code: expect.stringMatching(/^[1-9]{6}$/) });
  });

  it('is one that no code has, managed or not, at any time', async () => {
    const later = aCode({
      codeId: 'later',
      pin: '7',
      window: { startsAt: T0 + HOUR, endsAt: T0 + 2 * HOUR },
    });
    const theirs = anUnmanagedCode({ codeId: 'theirs', pin: '8' });
    const result = await feature
      .given(aLock(oneDigit), taken(...'012345'), later, theirs)
      .when(generate())
      .then();
    expect(result).toEqual({ code: expect.stringMatching(/^[69]$/) });
  });

  it('does not begin like another code, where the lock distinguishes codes by that', async () => {
    const rule = [{ constraintType: 'unique_first_four_digits' }];
    const result = await feature
      .given(aLock({ supportedCodeLengths: [5], codeConstraints: rule }), aCode({ pin: '73910' }))
      .when(generate())
      .then();
    expect(result).toEqual({ code: expect.not.stringMatching(/^7391/) });
  });

  it('is refused where none is free', () =>
    feature
      .given(aLock(oneDigit), taken(...'0123456789'))
      .when(generate())
      .thenFails({ kind: 'conflict', why: 'no-pin-free' }));

  it('is refused where the lock draws its codes itself', () =>
    feature
      .given(aLock({ codeConstraints: [{ constraintType: 'cannot_specify_pin_code' }] }))
      .when(generate())
      .thenFails({ kind: 'conflict', why: 'no-pin-free' }));

  it.each([
    ['is unknown', aLock(), generate(WORKSPACE, 'device-2')],
    ['was taken out of its account', [aLock(), onDevice('DeviceRemoved')], generate()],
    ['is of another workspace', aLock(), generate('workspace-2')],
  ])('is refused on a device that %s', (_why, given, query) =>
    feature.given(given).when(query).thenFails({ kind: 'absent', what: 'device' }),
  );
});
