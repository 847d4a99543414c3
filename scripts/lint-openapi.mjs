// Checks the OpenAPI document of a server that was just built, with and without the sandbox:
//   npm run lint:openapi
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const server = join(root, 'dist', 'apps', 'server', 'src', 'main.js');
const redocly = join(root, 'node_modules', '@redocly', 'cli', 'bin', 'cli.js');
const START_WITHIN_MS = 60_000;

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

async function fetched(url) {
  for (const begun = Date.now(); ;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer.text();
    if (Date.now() - begun > START_WITHIN_MS) throw new Error('the server does not answer');
    await pause(100);
  }
}

async function documentOf(folder, sandbox) {
  const port = await freePort();
  const env = {
    ...process.env,
    ...{ HOST: '127.0.0.1', PORT: String(port), EVENTSTORE_PORT: '0', LOCK_CLOUD_PORT: '0' },
    ...{ DATA_DIR: join(folder, `sandbox-${sandbox}`), SANDBOX: String(sandbox), LOG_LEVEL: 'error' },
  };
  const child = spawn(process.execPath, [server], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    return await Promise.race([
      fetched(`http://127.0.0.1:${port}/openapi.json`),
      ended.then(([code]) => Promise.reject(new Error(`the server ended (${code})`))),
    ]);
  } finally {
    child.kill();
    await ended;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-openapi-'));
try {
  for (const sandbox of [true, false]) {
    const file = join(folder, sandbox ? 'sandbox.json' : 'production.json');
    writeFileSync(file, await documentOf(folder, sandbox));
    execFileSync(process.execPath, [redocly, 'lint', file, '--config', join(root, 'redocly.yaml')], {
      stdio: 'inherit',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    });
  }
} catch (error) {
  console.error(`lint:openapi: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
