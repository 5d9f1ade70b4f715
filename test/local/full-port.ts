import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

import { onTestFinished, vi } from 'vitest';

/** Only there it is known how many connections wait until a server takes them: https://man7.org/linux/man-pages/man2/listen.2.html */
export const canFillPorts = process.platform === 'linux';

const BACKLOG = 1;

const SERVER = `
  const server = require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: ${BACKLOG} }, () => {
    process.send(server.address().port);
  });
`;

/**
 * A port on which no connection comes about: its server stands still, and as many wait there already as may.
 *
 * It is neither closed nor filtered, so that who connects hears nothing at all.
 */
export async function fullPort(): Promise<number> {
  const child = spawn(process.execPath, ['--eval', SERVER], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [port] = (await once(child, 'message')) as [number];
  child.kill('SIGSTOP');
  for (let waiting = 0; waiting <= BACKLOG; waiting++) {
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    onTestFinished(() => {
      client.destroy();
    });
    await once(client, 'connect');
  }
  return port;
}

/** Stops the clock of timers that are set from now on. Sockets and requests go on. */
export function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Waits for a timer, and lets its time pass; answers whether it had to be as long. */
export async function passTimer(milliseconds: number): Promise<boolean> {
  while (vi.getTimerCount() === 0) await nextTurn();
  vi.advanceTimersByTime(milliseconds - 1);
  await nextTurn();
  const isLongEnough = vi.getTimerCount() > 0;
  vi.advanceTimersByTime(1);
  return isLongEnough;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
