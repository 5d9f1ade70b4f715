import { posix } from 'node:path';

import { Bundle, type BundleServer, Health } from '../../contract';

/** Where the image has its allocator. */
const JEMALLOC = '/usr/local/lib/libjemalloc.so.2';

/**
 * The Dockerfile over the bundle. What runs, runs on the machine that builds; the last stage only copies, so that an image for ARM64 is
 * built on x86, and the other way round, without emulation.
 */
export function dockerfile(server: BundleServer, musl: boolean): string {
  const directory = posix.join(Bundle.IMAGE_ROOT, server.directory);
  const volumes = [posix.join(directory, server.distDirectory, 'cache'), '/tmp'];
  return `ARG BASE_IMAGE=node:24-${musl ? 'alpine' : 'slim'}
${musl ? '' : allocatorStage}FROM \${BASE_IMAGE}
${musl ? '' : allocator}ENV NODE_ENV=production HOSTNAME=0.0.0.0
WORKDIR ${directory}
COPY --chown=node:node ${Bundle.SERVER_DIRECTORY}/ ${Bundle.IMAGE_ROOT}/
# A task with a read-only root file system mounts volumes here, which take owner and mode from the image.
VOLUME ${JSON.stringify(volumes)}
USER node
EXPOSE ${String(Health.PORT)}
CMD ${JSON.stringify(['node', ...server.command])}
`;
}

/** Fetches the target's package, which the building machine could not install: its scripts would be of another architecture. */
const allocatorStage = `
FROM --platform=$BUILDPLATFORM node:24-slim AS allocator
ARG TARGETARCH
WORKDIR /allocator
RUN dpkg --add-architecture "$TARGETARCH" && apt-get update \\
  && apt-get download "libjemalloc2:$TARGETARCH" && dpkg -x libjemalloc2_*.deb . && cp usr/lib/*/libjemalloc.so.2 .

`;

/** https://sharp.pixelplumbing.com/install/#linux-memory-allocator */
const allocator = `# Images are optimized in many threads, which fragments the memory of glibc's own allocator.
COPY --from=allocator /allocator/libjemalloc.so.2 ${JEMALLOC}
ENV LD_PRELOAD=${JEMALLOC}
`;

/** Only what the Dockerfile copies, and what tells which build the folder is, enters a build context or a staged asset. */
export const DOCKERIGNORE = `*
!${Bundle.SERVER_DIRECTORY}
!${Bundle.DOCKERFILE}
!${Bundle.FACTS_FILE}
`;
