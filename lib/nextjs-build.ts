import { join } from 'node:path';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { Bundle, type BundleFacts } from '../contract';
import { readBundle, readFactsAt, requireStaticFiles } from './private/bundle';
import { imagePlatform } from './private/cpu-architecture';
import { ConfigurationError } from './private/errors';

/** What has to be known of an image that was built elsewhere. */
export interface NextjsImageOptions {
  /**
   * The `facts.json` of the build in the image, or the folder that holds it. In the image it lies at `/app/.cdk-nextjs-ecs/facts.json`,
   * in a bundle at its top.
   */
  readonly facts: string;
  /**
   * The bundle's folder `static`: what the CDN serves.
   *
   * @default - the tasks serve `_next/static` of their own build, with a warning: a page of an earlier build, in a browser tab or in a
   * cache, asks for files that are gone
   */
  readonly staticFiles?: string;
  /**
   * Folder of the image that holds what the bundle holds in `server`: the runtime lies in its `.cdk-nextjs-ecs`.
   *
   * @default '/app'
   */
  readonly root?: string;
}

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
    return new NextjsBuild({
      facts: bundle.facts,
      directory: bundle.directory,
      staticDirectory: join(bundle.directory, Bundle.STATIC_DIRECTORY),
      root: Bundle.IMAGE_ROOT,
    });
  }

  /**
   * The build in an image that was made elsewhere: one that a pipeline pushed to ECR, say, and carries through its stages.
   *
   * To an image of a Dockerfile of your own only the runtime is to be added, by one line after those that copy the app:
   * `COPY --from=build /src/.cdk-nextjs-ecs/server/.cdk-nextjs-ecs /app/.cdk-nextjs-ecs`, where the stage `build` has run
   * `npx cdk-nextjs-ecs build .`; instead of only that folder all of `server` may be copied. The task definition brings the command.
   *
   * @param image For example `ecs.ContainerImage.fromEcrRepository(repository, tag)`.
   * @param options The build's facts and static files, which lie in the bundle that the image was made of.
   * @throws where the facts cannot be read or are of another format, and where `staticFiles` holds none of the build's
   */
  public static fromImage(image: ecs.ContainerImage, options: NextjsImageOptions): NextjsBuild {
    const part = 'NextjsBuild.fromImage';
    const facts = readFactsAt(part, options.facts);
    const build = new NextjsBuild({
      facts,
      image,
      staticDirectory: options.staticFiles,
      root: options.root ?? Bundle.IMAGE_ROOT,
    });
    if (options.staticFiles !== undefined) requireStaticFiles(part, options.staticFiles, build._staticPathPrefix);
    return build;
  }

  /**
   * The bundle's folder, absolute.
   *
   * @default - the build came as an image
   */
  public readonly directory?: string;
  /** Whether the build brings the files that the CDN serves. */
  public readonly hasStaticFiles: boolean;
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
  /**
   * Folder of the image that holds the server.
   *
   * @internal
   */
  public readonly _root: string;

  private readonly image?: ecs.ContainerImage;
  private readonly staticDirectory?: string;

  private constructor(parts: BuildParts) {
    const { facts } = parts;
    this.directory = parts.directory;
    this.image = parts.image;
    this.staticDirectory = parts.staticDirectory;
    this.hasStaticFiles = parts.staticDirectory !== undefined;
    this.nextVersion = facts.nextVersion;
    this.buildId = facts.buildId;
    this.fingerprint = facts.namespace;
    this.basePath = facts.basePath;
    this.assetPrefix = facts.assetPrefix;
    this.deploymentId = facts.deploymentId;
    this.imagePath = facts.images.path;
    this._facts = facts;
    this._root = parts.root;
  }

  /**
   * Folder of the files that the CDN serves: the tree of object keys below the asset bucket's root.
   *
   * @internal
   */
  public get _staticDirectory(): string {
    if (this.staticDirectory !== undefined) return this.staticDirectory;
    throw new ConfigurationError({
      part: 'NextjsBuild.fromImage',
      problem: 'the static files are needed for a bucket, and `staticFiles` was not given',
      remedy: "Give the folder `static` of the image's bundle, or leave out the bucket: the tasks serve their own",
    });
  }

  /**
   * The image that a task runs: the one given, or one of the bundle.
   *
   * @internal
   */
  public _containerImage(scope: Construct, architecture: ecs.CpuArchitecture): ecs.ContainerImage {
    if (this.image) return this.image;
    return ecs.ContainerImage.fromDockerImageAsset(
      new ecrAssets.DockerImageAsset(scope, 'Image', {
        directory: this.directory ?? '',
        file: Bundle.DOCKERFILE,
        // The CDN serves it; the image would only grow.
        exclude: [Bundle.STATIC_DIRECTORY],
        platform: imagePlatform(architecture),
      }),
    );
  }

  /**
   * Host that the app asks for its hashed files, where `assetPrefix` names one.
   *
   * @internal
   */
  public get _assetHost(): string | undefined {
    return isAbsolute(this.assetPrefix) ? new URL(this.assetPrefix, 'https://host').host : undefined;
  }

  /**
   * Path below which the app asks for its hashed files, without `/_next/static`.
   *
   * Next puts `assetPrefix` in the place of `basePath`, and both a path and the path of a URL count.
   *
   * @internal
   */
  public get _staticPathPrefix(): string {
    const prefix = isAbsolute(this.assetPrefix)
      ? new URL(this.assetPrefix, 'https://host').pathname
      : this.assetPrefix || this.basePath;
    const path = prefix.replace(/^\/+|\/+$/g, '');
    return path ? `/${path}` : '';
  }
}

interface BuildParts {
  readonly facts: BundleFacts;
  /** Folder of the image that holds the server. */
  readonly root: string;
  readonly directory?: string;
  readonly image?: ecs.ContainerImage;
  readonly staticDirectory?: string;
}

/** A URL with a host, rather than a path. */
function isAbsolute(assetPrefix: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/|^\/\//i.test(assetPrefix);
}
