import { type Cost, costOf, RUN_HOURS } from './cost';
import { PRICES_OF } from './prices';
import { countTypes, type Template } from './template';

/** What would be made, done and paid. */
export interface Plan {
  readonly stack: string;
  readonly region: string;
  readonly resources: Readonly<Record<string, number>>;
  readonly steps: readonly string[];
  readonly cost: Cost;
  readonly pricesOf: string;
}

export interface PlanOptions {
  readonly template: Template;
  readonly stack: string;
  /** @default - that of the AWS configuration, which is not read for a plan */
  readonly region?: string;
  readonly keep: boolean;
  /** Names of the checks. */
  readonly checks: readonly string[];
}

export function planOf({ template, stack, region, keep, checks }: PlanOptions): Plan {
  return {
    stack,
    region: region ?? 'the region of your AWS configuration',
    resources: Object.fromEntries(countTypes(template)),
    steps: [
      'look whether the account is bootstrapped, Docker runs, and no stack of that name exists',
      'cdk deploy: build and push the image, make the stack (10 to 15 minutes, most of which CloudFront takes)',
      `check the site from this machine: ${checks.join(', ')}`,
      'the deployment among them is a cdk deploy of another build of the app, under load (5 to 10 minutes)',
      keep
        ? 'leave the stack, and print how to destroy it'
        : 'cdk destroy, then empty and delete the buckets and the table that the stack retains (10 to 20 minutes)',
    ],
    cost: costOf(template),
    pricesOf: PRICES_OF,
  };
}

export function describePlan(plan: Plan): string {
  const { stack, region, resources, steps, cost, pricesOf } = plan;
  const types = Object.entries(resources);
  const count = types.reduce((sum, [, number]) => sum + number, 0);
  return [
    `Stack ${stack} in ${region}: ${count} resources`,
    '',
    ...types.map(([type, number]) => `  ${String(number).padStart(3)}  ${type}`),
    '',
    'What happens',
    '',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    '',
    `What it costs, at the list prices of ${pricesOf}`,
    '',
    costLine('', `about ${RUN_HOURS} h`, 'a month, if kept'),
    ...cost.items.map(({ what, run, month }) => costLine(what, dollars(run), dollars(month))),
    costLine('in all', dollars(cost.run), dollars(cost.month)),
    '',
    "  CloudFront's first 10 million requests and 1 TB a month are free. The metrics of Container Insights and the image's place in",
    "  the bootstrap stack's repository come on top: cents for a run. A month is one without traffic.",
    ...(cost.unknown.length > 0 ? [`  No price is known here of ${cost.unknown.join(', ')}.`] : []),
    '',
  ].join('\n');
}

function costLine(what: string, run: string, month: string): string {
  return `  ${what.padEnd(58)} ${run.padStart(10)} ${month.padStart(18)}`;
}

function dollars(amount: number): string {
  return amount > 0 && amount < 0.01 ? '< $0.01' : `$${amount.toFixed(2)}`;
}
