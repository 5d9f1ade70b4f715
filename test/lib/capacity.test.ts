import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesizeService as service, theResource } from './synthesis';

describe('the number of tasks', () => {
  it('stays what it was set to', () => {
    const { template } = service({ minCapacity: 3 });
    template.hasResourceProperties('AWS::ECS::Service', { DesiredCount: 3 });
    template.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 0);
  });

  it('follows the load, and a deployment does not set it back', () => {
    const { template } = service({ maxCapacity: 10, targetRequestsPerMinute: 3000 }, {}, { validated: true });
    expect(theResource(template, 'AWS::ECS::Service').Properties).not.toHaveProperty('DesiredCount');
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MinCapacity: 2, MaxCapacity: 10 });
    const target = (PredefinedMetricType: string, TargetValue: number) => ({
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({
        PredefinedMetricSpecification: Match.objectLike({ PredefinedMetricType }),
        TargetValue,
      }),
    });
    template.hasResourceProperties(
      'AWS::ApplicationAutoScaling::ScalingPolicy',
      target('ECSServiceAverageCPUUtilization', 60),
    );
    template.hasResourceProperties(
      'AWS::ApplicationAutoScaling::ScalingPolicy',
      target('ALBRequestCountPerTarget', 3000),
    );
  });

  it('has two that are never on Spot', () => {
    const { template } = service({ spotPercentage: 70 }, {}, { validated: true });
    expect(theResource(template, 'AWS::ECS::Service').Properties).toMatchObject({
      CapacityProviderStrategy: [
        { CapacityProvider: 'FARGATE', Base: 2, Weight: 30 },
        { CapacityProvider: 'FARGATE_SPOT', Weight: 70 },
      ],
    });
    template.hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', {
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    });
  });

  it.each([
    [{ minCapacity: 0 }, /minCapacity .*from 1 to 5000; received 0/],
    [{ minCapacity: 4, maxCapacity: 3 }, /maxCapacity .*from 4 to 5000; received 3/],
    [{ spotPercentage: 101 }, /spotPercentage .*from 0 to 100; received 101/],
    [{ targetRequestsPerMinute: 0 }, /targetRequestsPerMinute .*from 1 to 1000000; received 0/],
    [{ targetCpuUtilization: 100 }, /targetCpuUtilization .*from 10 to 90; received 100/],
  ])('is refused where it makes no sense: %o', (options, message) => {
    expect(() => service(options)).toThrow(message);
  });
});
