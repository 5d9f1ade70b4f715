import { readdirSync } from 'node:fs';
import path from 'node:path';

import type { PackedBuild } from './bundle-facts';

/** A picture that the app imports, below any base path or asset prefix; never another host's, for each segment has a name. */
const IMPORTED = /^(?:\/[\w.~-]+)*\/_next\/static\/media\/(?<file>(?:[\w.~@!$&'()*+,;=:-]|%[\da-f]{2})+)$/i;

/**
 * Optimised pictures that another build's pages name: while a deployment goes on, and in browser tabs that are older than it. This task
 * has only the files of its own build, but the asset bucket has those of all: the original is better than none.
 */
export class OtherBuildsPictures {
  private readonly imagePath: string | undefined;
  private readonly own: ReadonlySet<string>;

  constructor({ facts, appDirectory }: PackedBuild) {
    this.imagePath = facts.images.path;
    this.own = new Set(listFiles(path.join(appDirectory, facts.server.distDirectory, 'static/media')));
  }

  /** Where the original is, if a picture is asked for that this build does not have. */
  tryFindOriginal(url: string): string | undefined {
    const query = url.indexOf('?');
    if (query < 0 || url.slice(0, query) !== this.imagePath) return undefined;
    const original = new URLSearchParams(url.slice(query)).get('url') ?? '';
    const file = IMPORTED.exec(original)?.groups?.file;
    return file === undefined || this.isOwn(file) ? undefined : original;
  }

  private isOwn(file: string): boolean {
    try {
      return this.own.has(decodeURIComponent(file));
    } catch {
      // Next is to say what it thinks of it.
      return true;
    }
  }
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
