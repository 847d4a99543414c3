import fc from 'fast-check';
import { closeDatabase, openDatabase } from '../storage/database';
import { EventLog } from '../storage/event-log';
import { randomEvent } from '../storage/storage-fixtures';
import { type ProposedEvent } from '../storage/stored-event';
import { type ExpectedRevision } from './expected-revision';
import { StreamMetadataReader } from './stream-metadata';
import { StreamReader } from './stream-reader';
import { StreamWriter } from './stream-writer';

type Step =
  | { readonly kind: 'append'; readonly expected: ExpectedRevision; readonly count: number }
  | { readonly kind: 'repeat'; readonly which: number }
  | { readonly kind: 'delete' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      expected: fc.oneof(
        fc.constantFrom('any' as const, 'no_stream' as const, 'stream_exists' as const),
        fc.nat(12),
      ),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'delete' as const }) },
);

function expectMatch(actual: object, expected: object): void {
  expect(actual).toMatchObject(expected);
}

describe('writing a stream', () => {
  it('keeps to every expectation, and repeating an append that succeeded changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const db = openDatabase(':memory:');
        try {
          const log = new EventLog(db, () => 0);
          const metadata = new StreamMetadataReader(log);
          const reader = new StreamReader(log, metadata, () => 0);
          const writer = new StreamWriter(log, metadata);
          // The model: how many events were ever written, how many are hidden by a delete, what was written how.
          let written = 0;
          let isDeleted = false;
          let firstVisible = 0;
          const done: { expected: ExpectedRevision; events: ProposedEvent[]; last: number }[] = [];

          for (const each of steps) {
            if (each.kind === 'delete') {
              const outcome = log.transact(() => writer.softDelete('s', 'any'));
              expectMatch(outcome, { kind: written > 0 ? 'written' : 'wrong-expected-revision' });
              if (written > 0) isDeleted = true;
            } else if (each.kind === 'append') {
              const events = Array.from({ length: each.count }, () => randomEvent(5));
              const outcome = log.transact(() => writer.append('s', each.expected, events));
              const { expected } = each;
              const fits =
                expected === 'any' ||
                (expected === 'no_stream' && (written === 0 || isDeleted)) ||
                (expected === 'stream_exists' && written > 0) ||
                expected === written - 1;
              if (expected === 'stream_exists' && isDeleted) {
                expectMatch(outcome, { kind: 'stream-deleted' });
              } else if (fits) {
                if (isDeleted) firstVisible = written;
                isDeleted = false;
                written += each.count;
                expectMatch(outcome, { kind: 'written', lastRevision: written - 1 });
                done.push({ expected, events, last: written - 1 });
              } else {
                expectMatch(outcome, { kind: 'wrong-expected-revision', currentRevision: written - 1 });
              }
            } else {
              const earlier = done[each.which];
              // A delete in between makes a repeat something new; expecting the newest revision does too.
              if (!earlier || isDeleted || earlier.expected === written - 1) continue;
              if (earlier.expected === 'no_stream' && firstVisible > 0) continue;
              const outcome = log.transact(() => writer.append('s', earlier.expected, earlier.events));
              expectMatch(outcome, { kind: 'written', lastRevision: earlier.last });
            }
            const view = reader.view('s');
            expectMatch(view, { kind: written > 0 && !isDeleted ? 'present' : 'absent' });
            if (view.kind === 'present') {
              const revisions = reader.forwards(view, 0, 1000).map(({ revision }) => revision);
              const visible = written - firstVisible;
              expectMatch(
                revisions,
                Array.from({ length: visible }, (_, n) => firstVisible + n),
              );
            }
          }
        } finally {
          closeDatabase(db);
        }
      }),
      { numRuns: 60 },
    );
  });
});
