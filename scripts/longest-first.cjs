const { default: Sequencer } = require('@jest/test-sequencer');

/** Specs that start whole servers, devices or processes, or wait for real ones: some take a minute. */
const LONG =
  /\/(acceptance|cli|zwave-js|matter|building|upgrade)\/|contract\.spec|broken-connections|busy-|two-/;

/**
 * The order in which Jest runs the specs: where it does not know yet how long each takes, as in a fresh clone, those that
 * may take long come first, so that the last one does not keep all but one of the processors waiting.
 */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path, duration }) => duration === undefined && LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
