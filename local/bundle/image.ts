import { posix } from 'node:path';

import { Bundle, type BundleServer, Health } from '../../contract';

/** The Dockerfile over the bundle: it copies, and runs nothing. */
export function dockerfile(server: BundleServer, musl: boolean): string {
  const directory = posix.join(Bundle.IMAGE_ROOT, server.directory);
  const volumes = [posix.join(directory, server.distDirectory, 'cache'), '/tmp'];
  return `ARG BASE_IMAGE=node:24-${musl ? 'alpine' : 'slim'}
FROM \${BASE_IMAGE}
ENV NODE_ENV=production HOSTNAME=0.0.0.0
WORKDIR ${directory}
COPY --chown=node:node ${Bundle.SERVER_DIRECTORY}/ ${Bundle.IMAGE_ROOT}/
# A task with a read-only root file system mounts volumes here, which take owner and mode from the image.
VOLUME ${JSON.stringify(volumes)}
USER node
EXPOSE ${String(Health.PORT)}
CMD ${JSON.stringify(['node', ...server.command])}
`;
}

/** Only what the Dockerfile copies, and what tells which build the folder is, enters a build context or a staged asset. */
export const DOCKERIGNORE = `*
!${Bundle.SERVER_DIRECTORY}
!${Bundle.DOCKERFILE}
!${Bundle.FACTS_FILE}
`;
