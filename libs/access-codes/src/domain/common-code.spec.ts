import { HOUR } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import type { AccessCode } from './access-code';
import { codeFold } from './code-fold';
import {
  begin,
  binds,
  type CommonCode,
  type CommonCodeEvent,
  commonCodeFold,
  join,
  leave,
  type Member,
  pinsOf,
  type Seen,
} from './common-code';
import type { CodeEvent, SealedPin } from './events';
import { RESERVATION_GRACE } from './keypad';
import { CODE, onLock, OTHER, pin as pinOf, requested, T0 } from './testing/builders';

const box = (of: string): SealedPin => ({ keyId: of, box: `sealed-${of}` });
const joined = (codeId: string, pin = box(codeId)): CommonCodeEvent => ({
  type: 'CommonCodeJoined',
  data: { codeId, pin },
});
const left = (codeId: string): CommonCodeEvent => ({ type: 'CommonCodeLeft', data: { codeId } });
const earlier = (...codeIds: string[]): CommonCodeEvent => ({
  type: 'EarlierCodesJoined',
  data: { codeIds },
});
const nobody: Seen = { gone: [], others: null, joined: false, earlier: [] };
const after = (...events: CommonCodeEvent[]) =>
  given(
    commonCodeFold,
    events.map((event): Happened<CommonCodeEvent> => ({ ...event, at: T0 })),
  );
const asks = (codeId: string, seen: Partial<Seen> = {}, pin = box(codeId)) => {
  return (common: CommonCode) => join(common, { codeId, pin }, { ...nobody, ...seen });
};

describe('codes with one key', () => {
  it('join where nobody has it, or where the others have their PIN', () => {
    after()
      .when(asks(CODE))
      .then([joined(CODE)]);
    after(joined(OTHER))
      .when(asks(CODE, { others: 'have-it' }))
      .then([joined(CODE)]);
  });

  it('do not join with a PIN that differs from the others’, and the refusal does not reveal it', () => {
    const taken = after(joined(OTHER));
    taken.when(asks(CODE, { others: 'have-another' })).thenFails(/must have the same/);
    taken.when(asks(CODE, { others: 'have-another', gone: [OTHER] })).thenFails(/must have the same/);
  });

  it('join once, however their PIN was sealed', () => {
    after(joined(CODE)).when(asks(CODE)).then([]);
    after(joined(CODE))
      .when(asks(CODE, { joined: true }, box('anew')))
      .then([]);
  });

  it('join again when they are to have another PIN, which is allowed while they are alone', () => {
    after(joined(CODE))
      .when(asks(CODE, {}, box('another')))
      .then([joined(CODE, box('another'))]);
    after(joined(CODE), joined(OTHER))
      .when(asks(CODE, { others: 'have-another' }, box('another')))
      .thenFails(/must have the same/);
  });

  it('leave once, and those that are gone leave when the next one joins', () => {
    after(joined(CODE))
      .when((common) => leave(common, CODE))
      .then([left(CODE)]);
    after(joined(CODE), left(CODE))
      .when((common) => leave(common, CODE))
      .then([]);
    after(joined(OTHER), joined('code-3'))
      .when(asks(CODE, { gone: [OTHER, 'never there'], others: 'have-it' }))
      .then([left(OTHER), joined(CODE)]);
  });

  it('that were there before the stream are recorded with the first who joins, once', () => {
    after()
      .when(asks(CODE, { earlier: [OTHER, 'code-3'], others: 'have-it', gone: ['code-3'] }))
      .then([earlier(OTHER, 'code-3'), left('code-3'), joined(CODE)]);
    after(earlier(OTHER))
      .when(asks(CODE, { earlier: ['code-3'], others: 'have-it' }))
      .then([joined(CODE)]);
    after(left(OTHER))
      .when((common) => begin(common, ['code-3']))
      .then([]);
  });
});

describe('a member', () => {
  const code = (...events: CodeEvent[]): AccessCode =>
    given(
      codeFold,
      [requested(null, { commonCodeKey: 'family' }), ...events].map((event) => ({ ...event, at: T0 })),
    ).state!;
  const member = (since: number, pin: SealedPin | null = box(CODE)): Member => ({ codeId: CODE, pin, since });
  const deleted: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };

  it('binds others while it lives', () => {
    expect(binds(member(T0), code(), T0 + HOUR)).toBe(true);
    expect(binds(member(T0), code(deleted), T0)).toBe(false);
    expect(
      binds(
        member(T0),
        code(deleted, { type: 'Removed', data: { cause: 'deleted', wasOnDevice: false } }),
        T0,
      ),
    ).toBe(false);
    const withoutKey = given(codeFold, [{ ...requested(null), at: T0 }]).state;
    expect(binds(member(T0), withoutKey, T0)).toBe(false);
  });

  it('whose code never came does so for as long as a reservation stands', () => {
    expect(binds(member(T0), null, T0 + RESERVATION_GRACE - 1)).toBe(true);
    expect(binds(member(T0), null, T0 + RESERVATION_GRACE)).toBe(false);
  });

  it('has the PIN of its code; or the one that it joined with, until the code comes', () => {
    const { pin } = code().wanted;
    expect(pinsOf(member(T0), null, T0)).toEqual([box(CODE)]);
    expect(pinsOf(member(T0, null), code(), T0)).toEqual([pin]);
  });

  it('may have one of two while a change to another PIN has yet to be asked for', () => {
    const { pin } = code().wanted;
    expect(pinsOf(member(T0), code(), T0)).toEqual([pin, box(CODE)]);
    expect(pinsOf(member(T0), code(), T0 + RESERVATION_GRACE)).toEqual([pin]);
  });

  it('has the PIN that somebody else has given it on the lock since, where that was accepted', () => {
    const changed = externallyChanged('pin-x', T0 + HOUR);
    const { pin } = changed.wanted;
    expect(pin).toEqual(pinOf('pin-x').pin);
    expect(pinsOf(member(T0 + HOUR), changed, T0 + HOUR)).toEqual([pin]);
    expect(pinsOf(member(T0 + HOUR + 1), changed, T0 + HOUR + 1)).toEqual([pin, box(CODE)]);
  });
});

/** A code whose PIN was changed on its lock at that instant, ms. */
function externallyChanged(pin: string, at: number): AccessCode {
  const asked = { commonCodeKey: 'family', externalModificationAllowed: true };
  const content = { name: 'Guest', ...pinOf(pin), window: null };
  const modified: CodeEvent = {
    type: 'ModifiedExternally',
    data: { fields: ['code'], content, accepted: true },
  };
  return given(codeFold, [...onLock(null, true, asked), { ...modified, at }]).state!;
}

/** Creates a code: reads, draws a PIN where no member has one, and appends at the revision that it has read. */
class Creator {
  pin: string;
  private read: { state: CommonCode; revision: number } | undefined;
  done = false;

  constructor(readonly codeId: string) {
    this.pin = `pin of ${codeId}`;
  }

  step(stream: CommonCodeEvent[]): void {
    if (this.done) return;
    if (!this.read) {
      this.read = { state: after(...stream).state, revision: stream.length };
      return;
    }
    const { state, revision } = this.read;
    this.read = undefined;
    const [other] = [...state.members.entries()].map(([, { pin }]) => pin!.box);
    const others = other === undefined ? null : other === this.pin ? 'have-it' : 'have-another';
    const pin = { keyId: this.codeId, box: this.pin };
    try {
      const events = join(state, { codeId: this.codeId, pin }, { ...nobody, others });
      if (stream.length !== revision) return;
      stream.push(...events);
      this.done = true;
    } catch {
      this.pin = other!;
    }
  }
}

it('in whatever order creators read and append, all codes have one PIN', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }), (turns) => {
      const creators = ['a', 'b', 'c', 'd', 'e'].map((id) => new Creator(id));
      const stream: CommonCodeEvent[] = [];
      for (const turn of turns) creators[turn]!.step(stream);
      for (let left = 20; left > 0; left--) for (const creator of creators) creator.step(stream);
      expect(creators.every(({ done }) => done)).toBe(true);
      expect(new Set(creators.map(({ pin }) => pin)).size).toBe(1);
      expect(stream).toHaveLength(creators.length);
    }),
  );
});
