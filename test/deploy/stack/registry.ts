import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '../../../local/fleet/free-port';
import { Server } from './server';

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** What a registry tells of an image. */
export interface RegistryImage {
  readonly digest: string;
  /** `linux/arm64` */
  readonly platform: string;
  readonly user?: string;
  readonly layers: number;
}

/** The OCI registry that Debian packages, on loopback: https://distribution.github.io/distribution/ */
export class Registry {
  static async start(scratch: string): Promise<Registry> {
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(scratch, 'registry.yml');
    const storage = { filesystem: { rootdirectory: join(scratch, 'registry') } };
    writeFileSync(file, JSON.stringify({ version: '0.1', log: { level: 'error' }, storage, http: { addr: address } }));
    const server = await Server.start('docker-registry', ['serve', file], { url: `http://${address}/v2/` });
    return new Registry(server, address);
  }

  private constructor(
    private readonly server: Server,
    readonly address: string,
  ) {}

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/** Reads an image as one who pulls it does, layers included, from any registry. */
export async function readImage(address: string, repository: string, tag: string): Promise<RegistryImage> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const get = async (path: string): Promise<Response> => {
    const response = await fetch(`http://${address}/v2/${repository}/${path}`, { headers: { accept } });
    if (!response.ok) throw new Error(`test/deploy: ${response.url} answers ${response.status}`);
    return response;
  };
  const answer = await get(`manifests/${tag}`);
  const manifest = (await answer.json()) as Manifest;
  const { architecture, os, config } = (await (await get(`blobs/${manifest.config.digest}`)).json()) as {
    readonly architecture: string;
    readonly os: string;
    readonly config: { readonly User?: string };
  };
  for (const { digest } of manifest.layers) await (await get(`blobs/${digest}`)).arrayBuffer();
  return {
    digest: answer.headers.get('docker-content-digest') ?? '',
    platform: `${os}/${architecture}`,
    user: config.User,
    layers: manifest.layers.length,
  };
}
