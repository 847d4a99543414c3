/**
 * Runs a program from its TypeScript, as tests do with what they start beside themselves:
 *   node --require scripts/typescript.cjs apps/lock-cloud/src/main.ts
 * What a file was compiled to is kept (node_modules/.cache), since the same programs start hundreds of times in a run.
 */
const { createHash, randomUUID } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const process = require('node:process');

const ROOT = join(module.path, '..');
const KEPT = join(ROOT, 'node_modules', '.cache', 'latchkey-typescript');
const options = readFileSync(join(ROOT, '.swcrc'), 'utf8');
const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/@swc/core/package.json'), 'utf8'));

Module._extensions['.ts'] = (module, filename) => {
  module._compile(compiled(readFileSync(filename, 'utf8'), filename), filename);
};

function compiled(source, filename) {
  const path = join(KEPT, hash(filename));
  const begin = `${hash(version, options, source)}\n`;
  try {
    const kept = readFileSync(path, 'utf8');
    if (kept.startsWith(begin)) return kept.slice(begin.length);
  } catch {
    // It was never compiled here.
  }
  const code = compile(source, filename);
  keep(path, begin + code);
  return code;
}

function hash(...texts) {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

function compile(source, filename) {
  const { jsc } = JSON.parse(options);
  const { transformSync } = require('@swc/core');
  return transformSync(source, {
    ...{ filename, swcrc: false, configFile: false },
    jsc: { ...jsc, baseUrl: undefined, paths: undefined },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  }).code;
}

/** Whole or not at all: others read it meanwhile. */
function keep(path, text) {
  try {
    mkdirSync(KEPT, { recursive: true });
    const part = `${path}.${randomUUID()}`;
    writeFileSync(part, text);
    renameSync(part, path);
  } catch {
    // Where nothing can be kept it is compiled each time.
  }
}

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...more) {
  return resolve.call(this, inSources(request, parent), parent, ...more);
};

/** Where what a source imports is, among the sources. */
function inSources(request, parent) {
  const ours = /^@latchkey\/([^/]+)$/.exec(request);
  if (ours) return join(ROOT, 'libs', ours[1], 'src', 'index.ts');
  if (!/^\.{1,2}\//.test(request) || !parent?.filename?.endsWith('.ts')) return request;
  // An import that waits until it is needed names the file as it will be when it is compiled.
  const source = `${join(parent.path, request.replace(/\.js$/, ''))}.ts`;
  return existsSync(source) ? source : request;
}

process.setSourceMapsEnabled(true);
