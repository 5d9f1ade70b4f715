import { Stack, Token } from 'aws-cdk-lib';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { ConfigurationError } from './private/errors';
import { accountWideName } from './private/names';

/** Properties of {@link NextjsWebAcl}. */
export interface NextjsWebAclProps {
  /**
   * Requests that one address may send in five minutes; 10 to 2,000,000,000. Offices and mobile networks share addresses.
   *
   * @default 2000
   */
  readonly requestsPerFiveMinutes?: number;
}

/**
 * A WAF web ACL for CloudFront, in a stack in us-east-1: what AWS knows as common attacks and as bad inputs, and a limit of requests an
 * address. About $8 a month and $0.60 for each million of requests.
 *
 * The body's size is only counted: server actions and uploads are larger than the 8 KB that the common rules allow.
 */
export class NextjsWebAcl extends Construct {
  /** For `webAclId` of a distribution. */
  public readonly webAclArn: string;
  /** The web ACL; add rules of your own here. */
  public readonly webAcl: wafv2.CfnWebACL;

  constructor(scope: Construct, id: string, props: NextjsWebAclProps = {}) {
    super(scope, id);
    this.requireRegion();
    this.webAcl = new wafv2.CfnWebACL(this, 'WebAcl', {
      name: accountWideName(this, 128),
      description: 'Next.js: common attacks, known bad inputs, requests an address',
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: this.visibility('WebAcl'),
      rules: [
        this.rateLimit(0, this.requireLimit(props.requestsPerFiveMinutes ?? 2000)),
        this.managedRules(1, 'AWSManagedRulesCommonRuleSet', ['SizeRestrictions_BODY']),
        this.managedRules(2, 'AWSManagedRulesKnownBadInputsRuleSet'),
      ],
    });
    this.webAclArn = this.webAcl.attrArn;
  }

  private rateLimit(priority: number, limit: number): wafv2.CfnWebACL.RuleProperty {
    return {
      name: 'RateLimit',
      priority,
      action: { block: { customResponse: { responseCode: 429 } } },
      statement: { rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 300, limit } },
      visibilityConfig: this.visibility('RateLimit'),
    };
  }

  private managedRules(priority: number, name: string, onlyCounted: string[] = []): wafv2.CfnWebACL.RuleProperty {
    const ruleActionOverrides = onlyCounted.map((rule) => ({ name: rule, actionToUse: { count: {} } }));
    return {
      name,
      priority,
      overrideAction: { none: {} },
      statement: { managedRuleGroupStatement: { vendorName: 'AWS', name, ruleActionOverrides } },
      visibilityConfig: this.visibility(name),
    };
  }

  private visibility(metricName: string): wafv2.CfnWebACL.VisibilityConfigProperty {
    return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true };
  }

  private requireRegion(): void {
    const region = Stack.of(this).region;
    if (Token.isUnresolved(region) || region === REGION) return;
    throw new ConfigurationError({
      part: 'NextjsWebAcl',
      scope: this,
      problem: `web ACLs of CloudFront live in ${REGION}, and this stack is in ${region}`,
      remedy: `Make a NextjsWebAcl in a stack in ${REGION} (with crossRegionReferences: true), and give its webAclArn as webAclId`,
    });
  }

  private requireLimit(limit: number): number {
    if (Number.isInteger(limit) && limit >= 10 && limit <= 2_000_000_000) return limit;
    throw new ConfigurationError({
      part: 'NextjsWebAcl.requestsPerFiveMinutes',
      scope: this,
      problem: `must be a whole number from 10 to 2000000000; received ${limit}`,
      remedy: 'Choose a number in that range',
    });
  }
}

const REGION = 'us-east-1';
