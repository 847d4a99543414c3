import { Command, Option } from 'commander';
import { MatterHub } from './demo/hub/matter-hub';
import { Zigbee2MqttHub } from './demo/hub/zigbee2mqtt-hub';
import { ZwaveJsHub } from './demo/hub/zwave-js-hub';
import { lives, livesAtHub, livesWithClock, locksAtHub, lockWithClock } from './demo/lives';
import { Scene } from './demo/scene';
import { Disagreement, Story } from './demo/story';

const print = (line: string) => console.log(line);

/** Lock systems on this machine, by their kind. */
const HUBS = {
  zigbee2mqtt: { start: () => Zigbee2MqttHub.start(), lives: livesAtHub },
  matter: { start: () => MatterHub.start(lockWithClock), lives: livesWithClock },
  'zwave-js': { start: () => ZwaveJsHub.start(locksAtHub, lockWithClock), lives: livesWithClock },
};

const program = new Command('npm run demo')
  .description('Plays the lives of access codes on a server of its own, and checks each at the keypad.')
  .addOption(
    new Option('--locks <kind>', "whose locks to play with; left out: the lock cloud's").choices(
      Object.keys(HUBS),
    ),
  )
  .allowExcessArguments(false)
  .parse();

/** Plays the lives of access codes on a server of its own, in some seconds, and exits with 1 if one goes wrong. */
async function main(): Promise<number> {
  const started = Date.now();
  const { locks } = program.opts<{ locks?: keyof typeof HUBS }>();
  const opening = Scene.open(locks && HUBS[locks].start);
  const played = locks ? HUBS[locks].lives : lives;
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= opening.then(
      (scene) => scene.close(),
      () => undefined,
    ));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void close().then(() => process.exit(130)));
  }
  try {
    const scene = await opening;
    for (const life of played) {
      const story = new Story(scene, print);
      await story.begin(life.title, life.subtitle);
      await life.play(story, scene);
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    print(`\n${played.length} lives in ${seconds} s: the keypad agreed with every status and window.`);
    return 0;
  } catch (error) {
    if (closing !== undefined) return 130;
    const expected = error instanceof Disagreement;
    console.error(
      `\ndemo: ${expected ? error.message : error instanceof Error ? error.stack : String(error)}`,
    );
    return 1;
  } finally {
    await close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
