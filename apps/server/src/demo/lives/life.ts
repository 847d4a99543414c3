import type { Scene } from '../scene';
import type { Story } from '../story';

/** One thing that a code may live through. */
export interface Life {
  readonly title: string;
  readonly subtitle: string;
  play(story: Story, scene: Scene): Promise<void>;
}
