/**
 * The facts that one create appends, as long as they are: the PIN reserved on its keypad, and the code asked for. What
 * they say does not matter to a server that only keeps them.
 */
export function appendedByCreate() {
  const id = '96d4fba4-133e-5a3d-a926-3d21ca422e96';
  const window = { startsAt: '2026-11-30T16:00:00.000Z', endsAt: '2026-12-01T16:00:00.000Z' };
  const metadata = {
    $correlationId: id,
    $causationId: id,
    actor: { type: 'api_key', id },
    workspaceId: id,
    occurredAt: '2026-11-26T12:00:00.000Z',
    schemaVersion: 1,
  };
  return [
    [{ type: 'PinReserved', data: { codeId: id, pinFingerprint: 'x'.repeat(43), window }, metadata }],
    [
      {
        type: 'CodeRequested',
        data: {
          codeId: id,
          workspaceId: id,
          deviceId: id,
          accountId: id,
          name: 'Guest 1',
          pin: { keyId: id, box: `v1.${'x'.repeat(59)}` },
          pinFingerprint: 'x'.repeat(43),
          schedule: window,
          preferNativeScheduling: true,
          externalModificationAllowed: false,
          commonCodeKey: null,
          isOneTimeUse: false,
          usesBackupPool: false,
          isBackup: false,
        },
        metadata,
      },
    ],
  ] as const;
}
