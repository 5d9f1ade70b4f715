import { Worker } from 'node:worker_threads';

export interface Answered {
  /** Milliseconds to the first byte of the body. */
  readonly first: number;
  /** Milliseconds to the last one. */
  readonly total: number;
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Viewers in a thread of their own: load.mjs. */
export class Viewers {
  private readonly worker = new Worker(new URL('load.mjs', import.meta.url), { execArgv: [] });
  private lastId = 0;

  /** So many requests a second, to each address in its turn; answers by address. */
  rate(urls: readonly string[], perSecond: number, count: number): Promise<readonly (readonly Answered[])[]> {
    return this.order('rate', { urls, perSecond, count });
  }

  /** @param vary each request for another object */
  async flood(url: string, count: number, concurrency: number, vary = false): Promise<number> {
    const { perSecond } = await this.order<{ perSecond: number }>('flood', { url, count, concurrency, vary });
    return perSecond;
  }

  /** As many requests as there can be for so many milliseconds, to each address in its turn. */
  saturate(
    urls: readonly string[],
    milliseconds: number,
    concurrency = 16,
  ): Promise<{ answers: number; perSecond: number }> {
    return this.order('saturate', { urls, milliseconds, concurrency });
  }

  /** So many a second; milliseconds that each took from when it was due. */
  pace(urls: readonly string[], perSecond: number, milliseconds: number): Promise<readonly number[]> {
    return this.order('pace', { urls, perSecond, milliseconds });
  }

  /** Milliseconds to the first bytes of answers that stay open. */
  streams(url: string, count: number): Promise<readonly number[]> {
    return this.order('streams', { url, count });
  }

  /** Answers how many of the open answers had been open until now. */
  leave(): Promise<number> {
    return this.order('leave', {});
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private order<Result>(order: string, settings: object): Promise<Result> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const receive = (reply: Reply): void => {
        if (reply.id !== id) return;
        this.worker.off('message', receive);
        if (reply.error === undefined) resolve(reply.result as Result);
        else reject(new Error(reply.error));
      };
      this.worker.on('message', receive);
      this.worker.postMessage({ id, order, ...settings });
    });
  }
}
