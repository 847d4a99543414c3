// Reads Jest's report and says which tests failed and why; the last line counts: "N passed, N failed".
// Usage: node scripts/test-result.mjs REPORT. Exits with 1 when a test failed or none passed.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** A failure's first lines say what was expected; the rest is where. */
const LINES_OF_A_FAILURE = 12;

const report = read(process.argv[2]);
for (const suite of report.testResults) {
  const file = relative('.', suite.name);
  const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed)
    tell(`${file}: ${fullName}`, failureMessages.join('\n'));
  if (suite.status === 'failed' && failed.length === 0) tell(file, suite.message);
}
const passed = report.numPassedTests;
const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function tell(what, why) {
  console.log(`failed: ${what}`);
  for (const line of why.split('\n').slice(0, LINES_OF_A_FAILURE)) console.log(`  ${line}`);
}

/** A runner that left no report has failed. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1 };
  }
}
