import { BuildingProgress } from './building-progress';

const at = (commit: number, passedCount = 0) => ({
  position: { commit: BigInt(commit), prepare: BigInt(commit) },
  passedCount,
});

describe('how far the views are', () => {
  it('is told by the one furthest behind, in events and in seconds', () => {
    let now = 0;
    const [behind, ahead] = [at(1_000), at(9_000)];
    const progress = new BuildingProgress([behind, ahead], at(11_000).position, () => now);
    expect(progress.text).toBe('the views are being built');

    now = 4_000;
    Object.assign(behind, at(3_000, 200));
    Object.assign(ahead, at(11_000, 300));
    expect(progress.progress).toEqual({ folded: 200, of: 1_000, secondsLeft: 16 });
    expect(progress.text).toBe('the views are being built: 200 of about 1000 events, about 16 s left');
  });

  it('is told while others wait for their turn', () => {
    let now = 0;
    const [begun, waiting] = [at(0), { position: undefined, passedCount: 0 }];
    const progress = new BuildingProgress([waiting, begun], at(10_000).position, () => now);
    now = 1_000;
    Object.assign(begun, at(5_000, 250));
    expect(progress.text).toBe('the views are being built: 250 of about 500 events, about 1 s left');
    expect(new BuildingProgress([waiting], at(10_000).position).text).toBe('the views are being built');
  });

  it('is all of it where there is nothing to fold, or more came meanwhile', () => {
    const view = at(5);
    expect(new BuildingProgress([view], at(5).position).progress.secondsLeft).toBe(0);
    const progress = new BuildingProgress([view], at(6).position);
    Object.assign(view, at(9, 4));
    expect(progress.progress).toEqual({ folded: 4, of: 4, secondsLeft: 0 });
    expect(new BuildingProgress([], undefined).progress).toEqual({ folded: 0, of: 0, secondsLeft: 0 });
  });
});
