import { whyNotPaired } from './why-not-paired';

class DiscoveryError extends Error {}
class PaseError extends Error {}

describe('why a lock was not paired', () => {
  it.each([
    [new DiscoveryError('34970112332'), /^No lock on this network answers to that code\. Share it again/],
    [
      new PaseError('34970112332'),
      /^The lock could not be paired with that code \(PaseError\)\. Share it again/,
    ],
    ['34970112332', /\(unknown error\)/],
  ])('says what to do, and nothing of the code: %p', (error, message) => {
    expect(whyNotPaired(error)).toMatch(message);
    expect(whyNotPaired(error)).not.toContain('34970112332');
  });
});
