const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

/** What a process of Jest's has compiled: the code of a module, by its file. */
const compiled = new Map();
const { compileFunction } = vm;

/**
 * Jest evaluates each module anew for each spec, and compiles it anew, which was half of the time that a spec took until
 * its first test. A script that was compiled once serves all specs of its process, with the functions that were compiled
 * when they were first called.
 */
vm.compileFunction = (source, parameters, options = {}) => {
  const { filename, parsingContext } = options;
  // Who imports while it runs must be answered by the runtime of its own spec.
  if (!filename || !parsingContext || /\bimport\s*\(/.test(source))
    return compileFunction(source, parameters, options);
  const known = compiled.get(filename);
  const script = known?.source === source ? known.script : compile(source, parameters, filename);
  if (known?.script !== script) compiled.set(filename, { source, script });
  return script.runInContext(parsingContext);
};

function compile(source, parameters, filename) {
  const head = `(function (${parameters.join(', ')}) {`;
  return new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
}

/** Node's, in which modules are compiled once. */
module.exports = TestEnvironment;
