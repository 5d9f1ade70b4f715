import { join } from 'node:path';
import { Bundle, type BundleFacts } from '../contract';
import { readBundle } from './private/bundle';

/**
 * A finished build of a Next.js app, as `npx cdk-nextjs-ecs build` packed it.
 *
 * Reading it is all that synth does with the app: nothing is built, and neither Docker nor the network is needed.
 */
export class NextjsBuild {
  /**
   * The build that was packed in a folder.
   *
   * @param directory The app's folder, relative to where the CDK app runs or absolute; or the folder of its bundle (`.cdk-nextjs-ecs`), for
   * example one that a pipeline carried from another job.
   * @throws where there is no such folder; where it holds no bundle; where the app's build output is newer than the bundle; where the
   * bundle was packed by a version of cdk-nextjs-ecs with another format. Each error says which command to run.
   */
  public static fromDirectory(directory: string): NextjsBuild {
    const bundle = readBundle(directory);
    return new NextjsBuild(bundle.directory, bundle.facts);
  }

  /** The bundle's folder, absolute. */
  public readonly directory: string;
  /** Version of Next.js that built the app, for example `16.4.6`. */
  public readonly nextVersion: string;
  /** Next's build id. Builds with a `deploymentId` share one: compare {@link fingerprint} to tell builds apart. */
  public readonly buildId: string;
  /** Fingerprint of the build, 16 lower-case hex digits; the part of every cache key that keeps builds apart. */
  public readonly fingerprint: string;
  /**
   * Next's `basePath`: empty, or a path with a leading and no trailing slash.
   *
   * @see https://nextjs.org/docs/app/api-reference/config/next-config-js/basePath
   */
  public readonly basePath: string;
  /**
   * Next's `assetPrefix`: empty, a path or an absolute URL.
   *
   * @see https://nextjs.org/docs/app/api-reference/config/next-config-js/assetPrefix
   */
  public readonly assetPrefix: string;
  /**
   * Next's `deploymentId`.
   *
   * @default - the build has none
   */
  public readonly deploymentId?: string;
  /**
   * Path of Next's image optimizer with the base path, usually `/_next/image`.
   *
   * @default - the app's images are not optimized by its server
   */
  public readonly imagePath?: string;

  /** @internal */
  public readonly _facts: BundleFacts;

  private constructor(directory: string, facts: BundleFacts) {
    this.directory = directory;
    this.nextVersion = facts.nextVersion;
    this.buildId = facts.buildId;
    this.fingerprint = facts.namespace;
    this.basePath = facts.basePath;
    this.assetPrefix = facts.assetPrefix;
    this.deploymentId = facts.deploymentId;
    this.imagePath = facts.images.path;
    this._facts = facts;
  }

  /**
   * Folder of the files that the CDN serves: the tree of object keys below the asset bucket's root.
   *
   * @internal
   */
  public get _staticDirectory(): string {
    return join(this.directory, Bundle.STATIC_DIRECTORY);
  }

  /**
   * Path below which the app asks for its hashed files, without `/_next/static`.
   *
   * Next puts `assetPrefix` in the place of `basePath`, and both a path and the path of a URL count.
   *
   * @internal
   */
  public get _staticPathPrefix(): string {
    const prefix = /^[a-z][a-z0-9+.-]*:\/\/|^\/\//i.test(this.assetPrefix)
      ? new URL(this.assetPrefix, 'https://host').pathname
      : this.assetPrefix || this.basePath;
    const path = prefix.replace(/^\/+|\/+$/g, '');
    return path ? `/${path}` : '';
  }
}
