import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeamDevice } from '@latchkey/devices';
import { NetworkProcess } from '@latchkey/gateways';
import { createLogger, loadConfig, until } from '@latchkey/platform';
import { latchkey } from '../../cli/latchkey';
import { type RunningServer, startServer } from '../../server';
import { Api } from '../../testing/api';
import { Browser } from '../../testing/browser';
import { hiddenFields, type Webview } from '../../testing/connect-account';

/** A server for real locks, and a house with Z-Wave locks on a mock stick. */
export class ZwaveWorld {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'latchkey-zwave-'));
  /** All that the server has logged. */
  readonly logged: string[] = [];
  network!: NetworkProcess;
  server!: RunningServer;
  api!: Api;
  private key = '';

  static async start(locks: Parameters<typeof NetworkProcess.start>[0]): Promise<ZwaveWorld> {
    const world = new ZwaveWorld();
    try {
      world.network = await NetworkProcess.start(locks);
      const file = join(world.dataDir, 'lock-systems.json');
      const hall = { kind: 'zwave-js', name: 'hall', display_name: 'Hall', time_zone: 'Europe/Vienna' };
      writeFileSync(file, JSON.stringify([hall]));
      await world.makeKey();
      await world.startServer();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  private get env(): NodeJS.ProcessEnv {
    return {
      SANDBOX: 'false',
      PORT: '0',
      EVENTSTORE_PORT: '0',
      DATA_DIR: this.dataDir,
      LOCK_MAKERS_FILE: join(this.dataDir, 'lock-systems.json'),
      LOG_LEVEL: 'debug',
    };
  }

  private async makeKey(): Promise<void> {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const args = ['api-keys', 'make', '--name', 'test', '--new-workspace', 'House'];
    await latchkey(args, { ...process.env, ...this.env }, say, say);
    this.key = /seam_\w+/.exec(lines.join('\n'))![0];
  }

  async startServer(): Promise<void> {
    const config = loadConfig(this.env);
    const into = { write: (line: string) => void this.logged.push(line) };
    this.server = await startServer(config, createLogger(config.logLevel, into));
    this.api = new Api(this.server.url, this.key);
  }

  /** Connects the house as somebody in a browser would. @returns the page that came of it */
  async connect(address: string): Promise<{ readonly page: string; readonly webview: Webview }> {
    const { connect_webview } = await this.api.ask<{ connect_webview: Webview }>('/connect_webviews/create');
    const browser = new Browser();
    const choice = await (await browser.open(connect_webview.url)).text();
    const query = new URLSearchParams({ ...hiddenFields(choice), provider: 'hall' });
    const asked = await browser.open(`${this.api.url}/connect_webviews/authorize?${query.toString()}`);
    const form = new URLSearchParams({ ...hiddenFields(await asked.text()), address });
    const page = await (await browser.open(`${this.api.url}/connect_webviews/local`, form)).text();
    const { connect_webview: webview } = await this.api.ask<{ connect_webview: Webview }>(
      '/connect_webviews/get',
      { connect_webview_id: connect_webview.connect_webview_id },
    );
    return { page, webview };
  }

  /** The device that a node's lock is, once it has appeared. */
  device(nodeId: number): Promise<SeamDevice> {
    const looked = async () => {
      const { devices } = await this.api.ask<{ devices: SeamDevice[] }>('/devices/list');
      return devices.find((each) => each.properties.name?.endsWith(` ${nodeId}`)) ?? false;
    };
    return until(looked, { what: `the lock of node ${nodeId} appears`, within: 30_000, every: 100 });
  }

  async stop(): Promise<void> {
    await this.server?.close();
    await this.network?.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
