import { Command } from 'commander';
import { lives } from './demo/lives';
import { Scene } from './demo/scene';
import { Disagreement, Story } from './demo/story';

const print = (line: string) => console.log(line);

/** Plays the lives of access codes on a server of its own, in some seconds, and exits with 1 if one goes wrong. */
async function main(): Promise<number> {
  const started = Date.now();
  const opening = Scene.open();
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
    for (const life of lives) {
      const story = new Story(scene, print);
      await story.begin(life.title, life.subtitle);
      await life.play(story, scene);
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    print(`\n${lives.length} lives in ${seconds} s: the keypad agreed with every status and window.`);
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

new Command('npm run demo')
  .description('Plays the lives of access codes on a server of its own, and checks each at the keypad.')
  .allowExcessArguments(false)
  .parse();

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
