import fc from 'fast-check';
import { Shares } from './shares';

describe('places shared by workspaces', () => {
  it('are half of them for one that is alone', () => {
    const shares = new Shares(96);
    let taken = 0;
    for (; shares.allowance('a') > 0; taken++) shares.take('a');
    expect(taken).toBe(48);
  });

  it('are never all taken while somebody new comes, and are all free again in the end', () => {
    const workspaces = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const steps = fc.array(fc.record({ workspace: workspaces, take: fc.boolean() }), { maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 128 }), steps, (places, each) => {
        const shares = new Shares(places);
        const taken: string[] = [];
        for (const { workspace, take } of each) {
          if (take && shares.allowance(workspace) > 0) {
            shares.take(workspace);
            taken.push(workspace);
          } else if (!take && taken.length > 0) shares.give(taken.shift()!);
          expect(shares.allowance('somebody new')).toBeGreaterThan(0);
          expect(shares.allowanceOfAny).toBeLessThanOrEqual(shares.allowance(workspace));
        }
        for (const workspace of taken) shares.give(workspace);
        expect(shares.free).toBe(places);
      }),
    );
  });
});
