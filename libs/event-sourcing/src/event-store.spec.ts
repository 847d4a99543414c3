import fc from 'fast-check';
import { comparePositions, eventsBeyond, type RecordedEvent } from './event-store';

const at = (commit: number) => ({ commit: BigInt(commit), prepare: BigInt(commit) });

describe('events beyond a position', () => {
  it('are those that a look at each one finds', () => {
    const places = fc.uniqueArray(fc.nat({ max: 40 })).map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(places, fc.option(fc.nat({ max: 41 }), { nil: undefined }), (commits, place) => {
        const events = commits.map((commit) => ({ position: at(commit) }) as RecordedEvent);
        const position = place === undefined ? undefined : at(place);
        expect(eventsBeyond(position, events)).toEqual(
          events.filter((event) => !position || comparePositions(event.position, position) > 0),
        );
      }),
    );
  });
});
