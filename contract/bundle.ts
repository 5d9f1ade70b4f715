/**
 * The bundle is the folder that `cdk-nextjs-ecs build` makes from a finished `next build`; everything downstream reads only it.
 *
 * ```text
 * <app>/.cdk-nextjs-ecs/
 *   facts.json   what the build is (BundleFacts)
 *   Dockerfile   makes the image: copies server/ to /app
 *   server/      what runs in the container: .next, public/, the traced modules and, under .cdk-nextjs-ecs/, the runtime
 *   static/      what the CDN serves: the tree of object keys below the asset bucket's root
 * ```
 */
export const Bundle = {
  /** Folder of the bundle inside the app's folder, and of the runtime inside `server/`. */
  DIRECTORY: '.cdk-nextjs-ecs',
  FACTS_FILE: 'facts.json',
  DOCKERFILE: 'Dockerfile',
  SERVER_DIRECTORY: 'server',
  STATIC_DIRECTORY: 'static',
  /** File name of the preload inside `server/.cdk-nextjs-ecs/`. */
  PRELOAD_FILE: 'preload.mjs',
  /** Where the image holds the content of `server/`. */
  IMAGE_ROOT: '/app',
  /** Version of the folder's layout and of {@link BundleFacts}; a reader refuses any other. */
  FORMAT_VERSION: 1,
} as const;

/** What `facts.json` holds. A copy lies beside the preload, so that the server knows its own build. */
export interface BundleFacts {
  readonly formatVersion: number;
  /** Version of cdk-nextjs-ecs that packed the bundle. */
  readonly packageVersion: string;
  /** The app's version of Next.js, for example `16.4.6`. */
  readonly nextVersion: string;
  /** Content of `.next/BUILD_ID`. */
  readonly buildId: string;
  /** Fingerprint of the packed build, 16 lower-case hex digits: two builds never share it. */
  readonly namespace: string;
  /** When the build began, in milliseconds since the epoch. */
  readonly buildTime: number;
  /** When the build ended, in milliseconds since the epoch: a `BUILD_ID` written later is of a newer build than the bundle. */
  readonly builtAt: number;
  readonly server: BundleServer;
  /** Next's `basePath`: empty, or a path with a leading and no trailing slash. */
  readonly basePath: string;
  /** Next's `assetPrefix`: empty, a path or an absolute URL. */
  readonly assetPrefix: string;
  readonly deploymentId?: string;
  readonly trailingSlash: boolean;
  readonly images: BundleImages;
  /** Regular expressions (Next's compiled matchers) of the paths that the app's proxy (middleware) runs for. */
  readonly proxyMatchers: readonly string[];
  /**
   * What the paths begin with, in lower case, whose answers depend on the router's header `next-url`, or may: `/` with intercepting routes.
   * Absent where the build does not say, and in the facts of earlier versions of ours.
   */
  readonly nextUrlPaths?: readonly string[];
  /**
   * Next's `experimental.validateRSCRequestHeaders`: whether the server refuses an `_rsc` that does not fit the router's headers. Stable
   * versions do by default from 16.3 on. Absent where the build does not say, and in the facts of earlier versions of ours.
   */
  readonly validateRSCRequestHeaders?: boolean;
  /** SHA-256 (hex) of the Server Actions encryption key of the build, where it has one. */
  readonly actionKeyFingerprint?: string;
  /** What the native modules in `server/` were built for; absent where there are none. */
  readonly nativePlatform?: BundlePlatform;
}

export interface BundleServer {
  /** The app's folder relative to `server/`, POSIX; `.` unless the app is a workspace of a monorepo. */
  readonly directory: string;
  /** The build output's folder relative to {@link directory}, usually `.next`. */
  readonly distDirectory: string;
  /** Arguments of `node`, relative to {@link directory}, that start the server with the preload, without a port. */
  readonly command: readonly string[];
}

export interface BundleImages {
  /** Path of the image optimizer with the base path, usually `/_next/image`; absent when images are not optimized by the server. */
  readonly path?: string;
  /** Whether sharp, which optimizes them, is among the server's modules. */
  readonly sharp?: boolean;
}

export interface BundlePlatform {
  /** `process.platform`, for example `linux`. */
  readonly os: string;
  /** `process.arch`, for example `arm64`. */
  readonly arch: string;
}
