// Viewers in a thread of their own, so that the edge has its core for itself. Answers each order with what it has measured.
import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';

const agent = new Agent({ keepAlive: true, maxSockets: 1000 });
const open = [];

/** Milliseconds to the first byte of the body, and to the last one unless the answer is left open. */
function ask(url, { leaveOpen = false } = {}) {
  const since = performance.now();
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent: leaveOpen ? false : agent }, (response) => {
      let first;
      response.on('error', () => undefined);
      response.on('data', () => {
        first ??= performance.now() - since;
        if (!leaveOpen) return;
        open.push(response);
        resolve({ first, total: first });
      });
      response.on('end', () => resolve({ first, total: performance.now() - since }));
    });
    // The server may close an idle connection just as it is used again: https://nodejs.org/api/http.html#requestreusedsocket
    sent.on('error', (error) => {
      if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(ask(url, { leaveOpen }));
      else reject(error);
    });
  });
}

/** The same promise; that it fails is heard later, by whoever waits for all of them. */
function heardLater(promise) {
  promise.catch(() => undefined);
  return promise;
}

const orders = {
  /** So many a second, whatever the answers take; to each address in its turn. */
  async rate({ urls, perSecond, count }) {
    const asked = urls.map(() => []);
    const start = performance.now();
    for (let index = 0; index < count; index++) {
      await delay(Math.max(0, start + (index * 1000) / perSecond - performance.now()));
      const turn = index % urls.length;
      asked[turn].push(heardLater(ask(urls[turn])));
    }
    return Promise.all(asked.map((answers) => Promise.all(answers)));
  },

  /** As many as there can be. */
  async flood({ url, count, concurrency, vary = false }) {
    let index = 0;
    const since = performance.now();
    const viewer = async () => {
      while (index < count) await ask(vary ? `${url}?${index++}` : (index++, url));
    };
    await Promise.all(Array.from({ length: concurrency }, viewer));
    return { perSecond: (count / (performance.now() - since)) * 1000 };
  },

  /** As many as there can be, for so long. */
  async saturate({ urls, milliseconds, concurrency }) {
    let answers = 0;
    let turn = 0;
    const since = performance.now();
    const viewer = async () => {
      while (performance.now() - since < milliseconds) {
        await ask(urls[turn++ % urls.length]);
        answers += 1;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, viewer));
    return { answers, perSecond: (answers / (performance.now() - since)) * 1000 };
  },

  /**
   * So many a second whatever the answers take, and how long each took from the moment when it was due: who comes while the server is
   * busy with others has waited too.
   */
  async pace({ urls, perSecond, milliseconds }) {
    const start = performance.now();
    const count = Math.floor((perSecond * milliseconds) / 1000);
    const answers = [];
    for (let index = 0; index < count;) {
      const now = performance.now();
      for (; index < count && start + (index * 1000) / perSecond <= now; index++) {
        const due = start + (index * 1000) / perSecond;
        answers.push(heardLater(ask(urls[index % urls.length]).then(() => performance.now() - due)));
      }
      await delay(1);
    }
    return Promise.all(answers);
  },

  /** First bytes of answers that stay open. */
  async streams({ url, count }) {
    const streams = [];
    for (let index = 0; index < count; index++) streams.push((await ask(url, { leaveOpen: true })).first);
    return streams;
  },

  /** How many of the open answers are still open; then none is. */
  leave() {
    const left = open.filter((response) => !response.destroyed && !response.complete).length;
    for (const response of open.splice(0)) response.destroy();
    return left;
  },
};

parentPort.on('message', async ({ id, order, ...settings }) => {
  try {
    parentPort.postMessage({ id, result: await orders[order](settings) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error) });
  }
});
