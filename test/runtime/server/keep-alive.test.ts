import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment, Health } from '../../../contract';
import { Edge } from '../../../local/edge';
import { requestedVersions } from '../../fixtures/versions';
import { atEnd, closeAll, startBalancer, targetGroup, until } from '../../local/balancer/support';
import { ALL_VIEWER, CACHING_DISABLED, resource } from '../../local/edge/support';
import { ask } from '../with-server';
import { PackedApp } from './packed-app';
import { StartedServer } from './started-server';
import { Stores } from './stores';

const GROUP = 'arn:group';
/** Seconds for which each link of the chain keeps an idle connection, scaled down; the server adds its margin to the balancer's. */
const EDGE = 3;
const BALANCER = 6;
const SERVER = 11;
/** Milliseconds before and after each of them. */
const AROUND = [-50, -10, -2, 0, 2, 10, 50];
const GAPS = [EDGE, BALANCER, SERVER].flatMap((seconds) => AROUND.map((offset) => seconds * 1000 + offset));
const VIEWERS_A_GAP = 2;
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

describe.each(requestedVersions())('kept connections to Next.js %s', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let server: StartedServer;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(version), Stores.start()]);
    server = await StartedServer.start(app, {
      environment: { ...stores.environment, [Environment.LOAD_BALANCER_IDLE_TIMEOUT]: String(BALANCER) },
    });
  });

  afterAll(async () => {
    await closeAll();
    await server.kill();
    await Promise.all([app.remove(), stores.close()]);
  });

  it('are never closed under a request, whatever the gap before it', async () => {
    expect(server.log('server.started')?.keepAlive).toBe(SERVER * 1000);
    const balancer = await startServedBalancer(server.port);
    const edge = await startEdge(balancer);
    // The first answer of a route takes longest, and the balancer's patience is scaled down as well.
    expect((await post(edge)).status).toBe(200);
    const gaps = GAPS.flatMap((gap) => Array.from({ length: VIEWERS_A_GAP }, () => gap));
    const statuses = await Promise.all([edge, balancer].flatMap((port) => gaps.map((gap) => postTwice(port, gap))));
    expect(new Set(statuses.flat())).toEqual(new Set([200]));
  });
});

async function startServedBalancer(port: number): Promise<number> {
  const balancer = await startBalancer({
    attributes: { 'idle_timeout.timeout_seconds': String(BALANCER) },
    groups: [targetGroup(GROUP, { HealthCheckPath: Health.PATH })],
  });
  balancer.registerTarget(GROUP, { host: '127.0.0.1', port });
  await until(() => balancer.targetHealth(GROUP).some(({ state }) => state === 'healthy'));
  return balancer.port;
}

async function startEdge(balancer: number): Promise<number> {
  const origin = { OriginProtocolPolicy: 'http-only', OriginKeepaliveTimeout: EDGE };
  const edge = new Edge({
    distribution: resource('Distribution', 'E1', {
      DistributionConfig: {
        Origins: [{ Id: 'balancer', DomainName: 'balancer.example', CustomOriginConfig: origin }],
        DefaultCacheBehavior: {
          TargetOriginId: 'balancer',
          CachePolicyId: CACHING_DISABLED,
          OriginRequestPolicyId: ALL_VIEWER,
          AllowedMethods: METHODS,
        },
      },
    }),
    resources: [],
    hosts: { resolve: () => ({ host: '127.0.0.1', port: balancer }) },
  });
  await edge.listen(0);
  atEnd(() => edge.close());
  return edge.address.port;
}

/** A POST, because nothing on the way may send that again: a connection that was closed under it is seen. */
function post(port: number): ReturnType<typeof ask> {
  return ask(port, '/api/revalidate', { method: 'POST', body: '{}' });
}

async function postTwice(port: number, gap: number): Promise<number[]> {
  const first = await post(port);
  await new Promise((resolve) => setTimeout(resolve, gap));
  return [first.status, (await post(port)).status];
}
