import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it, onTestFinished } from 'vitest';

import { findStack, resolveStack } from '../../../local/assembly';
import { Balancers } from '../../../local/stack/balancers';
import { StackHosts } from '../../../local/stack/hosts';
import { synthesizeStack } from '../assembly/synthesize';

/** A load balancer with a public name that answers those who know a secret. */
function publicBalancer() {
  return synthesizeStack((stack) => {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc, internetFacing: true });
    const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';
    const listener = loadBalancer.addListener('Https', {
      port: 443,
      certificates: [acm.Certificate.fromCertificateArn(stack, 'Certificate', arn)],
      defaultAction: elbv2.ListenerAction.fixedResponse(403),
    });
    const secret = new secretsmanager.Secret(stack, 'Secret').secretValue.unsafeUnwrap();
    listener.addAction('Known', {
      priority: 1,
      conditions: [elbv2.ListenerCondition.httpHeader('x-secret', [secret])],
      action: elbv2.ListenerAction.fixedResponse(200),
    });
    const zone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: 'Z1',
      zoneName: 'example.com',
    });
    const target = route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(loadBalancer));
    new route53.ARecord(stack, 'Record', { zone, recordName: 'origin', target });
  });
}

describe('the hosts of a stack', () => {
  it('are found by the names that alias records give load balancers, and know secrets of the stack', async () => {
    const assembly = publicBalancer();
    const stack = resolveStack(findStack(assembly, 'Shop'), { assembly });
    const balancers = await Balancers.start(stack, 0, () => undefined);
    onTestFinished(() => balancers.close());
    const hosts = new StackHosts(stack, 'http://127.0.0.1:9', balancers);

    const address = hosts.resolve('origin.example.com', 443);
    expect(address).toEqual(hosts.resolve(stack.attribute('LoadBalancerBE9EEC3A', 'DNSName'), 443));
    expect(hosts.resolve('other.example.com', 443)).toBeUndefined();

    const [rule] = stack.ofType('AWS::ElasticLoadBalancingV2::ListenerRule');
    const secret = /\{\{resolve:secretsmanager:[^"]+\}\}/.exec(JSON.stringify(rule?.properties))?.[0] ?? '';
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://${address?.host ?? ''}:${String(address?.port)}/`, { headers })).status;
    expect(await ask({})).toBe(403);
    expect(await ask({ 'x-secret': secret })).toBe(200);
  });
});
