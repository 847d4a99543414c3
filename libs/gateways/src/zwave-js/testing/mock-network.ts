import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@latchkey/platform';
import { ZwavejsServer } from '@zwave-js/server';
import { MockController } from '@zwave-js/testing';
import { type Driver, InclusionStrategy, RemoveNodeReason } from 'zwave-js';
import { createAndStartDriverWithMockPort, createDefaultMockControllerBehaviors } from 'zwave-js/Testing';
import { asNode, type LockTraits, SimulatedLock } from './simulated-lock';

/** What the server is given as a logger: all that it says is kept, so that it can be searched. */
class KeptLog {
  readonly lines: string[] = [];
  readonly info = (line: string) => void this.lines.push(line);
  readonly debug = (line: string) => void this.lines.push(line);
  readonly warn = (line: string) => void this.lines.push(line);
  readonly error = (line: string) => void this.lines.push(line);
}

/** The real Z-Wave JS driver and its server, on a mock stick with simulated locks. Starts in some ten seconds. */
export class MockNetwork {
  private constructor(
    private readonly kept: KeptLog,
    private readonly locks: Map<number, SimulatedLock>,
    readonly address: string,
    private readonly driver: Driver,
    private readonly controller: MockController,
    private readonly startServer: () => Promise<ZwavejsServer>,
    private server: ZwavejsServer,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(traits: readonly LockTraits[], homeId = 0x7e571001): Promise<MockNetwork> {
    const cacheDir = await mkdtemp(join(tmpdir(), 'zwave-'));
    const { driver, continueStartup, mockPort, serial } = await createAndStartDriverWithMockPort({
      storage: { cacheDir },
      logConfig: { enabled: false },
      testingHooks: { skipFirmwareIdentification: true, skipControllerIdentification: false },
      // What is lost is sent once more, so that a dead node is known to be dead in some three seconds.
      attempts: { sendData: 2 },
      features: { softReset: false, watchdog: false },
    });
    const controller = await MockController.create({ homeId, ownNodeId: 1, mockPort, serial });
    controller.defineBehavior(...createDefaultMockControllerBehaviors());
    const locks = new Map<number, SimulatedLock>();
    for (const each of traits) locks.set(each.nodeId, await SimulatedLock.on(controller, each));
    const ready = new Promise<void>((resolve) => driver.once('driver ready', () => resolve()));
    const interviewed = new Promise<void>((resolve) => driver.once('all nodes ready', () => resolve()));
    continueStartup();
    await ready;
    await interviewed;
    for (const { nodeId, name } of traits)
      if (name !== undefined) driver.controller.nodes.getOrThrow(nodeId).name = name;
    // The server takes no port of the system's choosing.
    const port = await freePort();
    const logger = new KeptLog();
    const startServer = async () => {
      const started = new ZwavejsServer(driver, { port, host: '127.0.0.1', logger });
      await started.start();
      return started;
    };
    const server = await startServer();
    const address = `ws://127.0.0.1:${port}`;
    return new MockNetwork(logger, locks, address, driver, controller, startServer, server, async () => {
      await driver.destroy();
      controller.destroy();
      await rm(cacheDir, { recursive: true, force: true });
    });
  }

  /** The lock of a node. */
  lock(nodeId: number): SimulatedLock {
    const lock = this.locks.get(nodeId);
    if (!lock) throw new Error(`there is no node ${nodeId}`);
    return lock;
  }

  /** All that the server has logged. */
  log(): readonly string[] {
    return this.kept.lines;
  }

  /** The driver asks a node anew what it is and can do, as its owner may have it do. */
  async interviewAnew(nodeId: number): Promise<void> {
    const node = this.driver.controller.nodes.getOrThrow(nodeId);
    await node.refreshInfo();
  }

  /** A lock is taken out of the network. The mock stick can't do that: the driver is told as it tells others. */
  exclude(nodeId: number): void {
    const { controller } = this.driver;
    const node = controller.nodes.getOrThrow(nodeId);
    this.controller.removeNode(this.lock(nodeId).node);
    this.locks.delete(nodeId);
    controller.emit('node removed', node, RemoveNodeReason.Excluded);
    (controller.nodes as unknown as Map<number, unknown>).delete(nodeId);
  }

  /** A lock is taken into the network, with a number that the stick gives it, and interviewed. */
  async include(traits: LockTraits): Promise<void> {
    const { controller } = this.driver;
    this.controller.nodePendingInclusion = {
      ...asNode(traits),
      setup: (node) => void this.locks.set(traits.nodeId, SimulatedLock.at(node, traits)),
    };
    const ready = new Promise<void>((resolve) =>
      controller.once('node added', (node) => node.once('ready', () => resolve())),
    );
    await controller.beginInclusion({ strategy: InclusionStrategy.Insecure });
    await ready;
  }

  /** The server ends, as when its machine restarts. */
  async stopServer(): Promise<void> {
    await this.server.destroy();
  }

  /** It comes back at the same address. */
  async startAgain(): Promise<void> {
    this.server = await this.startServer();
  }

  async close(): Promise<void> {
    await this.server.destroy();
    await this.end();
  }
}
