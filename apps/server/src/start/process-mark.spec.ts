import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { hasEnded, markOf, type ProcessMark } from './process-mark';

const onLinux = process.platform === 'linux' ? describe : describe.skip;

// Elsewhere the system does not tell, and a lease runs out by itself.
onLinux('the mark of a process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  const markOfChild = (): ProcessMark => {
    child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
    return markOf(child.pid!)!;
  };

  it('tells that this one lives', () => {
    expect(hasEnded(markOf(process.pid)!)).toBe(false);
  });

  it('tells that one has ended', async () => {
    const mark = markOfChild();
    expect(hasEnded(mark)).toBe(false);
    child!.kill('SIGKILL');
    await once(child!, 'exit');
    expect(hasEnded(mark)).toBe(true);
  });

  it('tells one from another that was given its pid later', () => {
    const mark = markOfChild();
    expect(hasEnded({ ...mark, begun: '1' })).toBe(true);
  });

  it('tells nothing of processes elsewhere', () => {
    expect(hasEnded({ ...markOf(process.pid)!, place: 'another machine', pid: 4_000_000 })).toBe(false);
  });
});
