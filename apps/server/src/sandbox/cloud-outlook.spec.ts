import { CloudOutlook } from './cloud-outlook';

const told = (activity: number, nextDue: string) => ({
  'x-simulated-activity': String(activity),
  'x-simulated-next-due': nextDue,
});

describe('when the lock cloud has something to do next', () => {
  const CALLS = 2;
  let outlook: CloudOutlook;
  /** A report comes after so many calls of locks, and is taken. */
  const taken = (headers: object, calls = CALLS) => outlook.reportCame({ ...headers }, calls)(true);

  beforeEach(() => {
    outlook = new CloudOutlook();
  });

  it('is known from the last report', () => {
    taken(told(7, '1500'));
    expect(outlook.nextDueAfter(CALLS)).toBe(1500);
    taken(told(8, 'never'));
    expect(outlook.nextDueAfter(CALLS)).toBeNull();
  });

  it('is not known before there was one, nor from one that does not tell', () => {
    expect(outlook.nextDueAfter(0)).toBeUndefined();
    taken(told(7, 'never'));
    taken({});
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
    taken(told(8, 'soon'));
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
  });

  it('is not known any more once a lock was called', () => {
    taken(told(7, 'never'));
    expect(outlook.nextDueAfter(CALLS + 1)).toBeUndefined();
  });

  it('is not known from a report that was not taken: it comes again', () => {
    outlook.reportCame(told(7, 'never'), CALLS)(false);
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
  });

  it('is not known from a report that was sent before what has been answered since', () => {
    outlook.answerCame({ 'x-simulated-activity': '8' });
    taken(told(7, 'never'));
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
    taken(told(8, 'never'));
    expect(outlook.nextDueAfter(CALLS)).toBeNull();
  });

  it('is not known once an answer was lost, until another advance begins: it was perhaps done after the report was sent', () => {
    outlook.answerCame(null);
    taken(told(7, 'never'));
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
    outlook.forget();
    taken(told(7, 'never'));
    expect(outlook.nextDueAfter(CALLS)).toBeNull();
  });

  it('is not known from what was told to an advance before', () => {
    taken(told(7, 'never'));
    outlook.forget();
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
  });

  it('is known when every report that has come is answered', async () => {
    const first = outlook.reportCame(told(7, '1500'), CALLS);
    const second = outlook.reportCame(told(8, 'never'), CALLS);
    let allAnswered = false;
    const waiting = outlook.reportsAnswered().then(() => (allAnswered = true));
    first(true);
    await Promise.resolve();
    expect(allAnswered).toBe(false);
    expect(outlook.nextDueAfter(CALLS)).toBeUndefined();
    second(true);
    await waiting;
    expect(outlook.nextDueAfter(CALLS)).toBeNull();
  });
});
