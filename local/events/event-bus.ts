import { randomUUID } from 'node:crypto';

import type { EventRule } from './event-rule';

/** An event of an AWS service, before the bus gives it an id and a time. */
export interface ServiceEvent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** As rules and targets see it: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventBusOptions {
  readonly account: string;
  readonly region: string;
  /** Takes an event to a target and tries again there; must not reject. */
  readonly deliver: (targetArn: string, input: unknown) => Promise<unknown>;
}

const REMEMBERED = 1000;

/** The account's default event bus: events of the stack's services, and the rules that take them to functions. */
export class EventBus {
  /** What was put, the latest last. */
  readonly events: BusEvent[] = [];
  private rules: readonly EventRule[] = [];
  private delivering = 0;

  constructor(private readonly options: EventBusOptions) {}

  /** Deliveries that have not ended. */
  get pending(): number {
    return this.delivering;
  }

  /** What of the rules does not work as in AWS, in sentences. */
  get notes(): readonly string[] {
    return this.rules.flatMap(({ logicalId, unsupported }) =>
      unsupported.map((sentence) => `event rule ${logicalId}: ${sentence}`),
    );
  }

  setRules(rules: readonly EventRule[]): void {
    this.rules = rules;
  }

  put({ source, detailType, resources, detail }: ServiceEvent): void {
    const { account, region } = this.options;
    const event: BusEvent = {
      version: '0',
      id: randomUUID(),
      'detail-type': detailType,
      source,
      account,
      time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      region,
      resources,
      detail,
    };
    this.events.push(event);
    if (this.events.length > REMEMBERED) this.events.shift();
    for (const { targets } of this.rules.filter(({ matches }) => matches(event))) {
      for (const { arn, input } of targets) void this.deliver(arn, input(event));
    }
  }

  private async deliver(arn: string, input: unknown): Promise<void> {
    this.delivering++;
    try {
      await this.options.deliver(arn, input);
    } finally {
      this.delivering--;
    }
  }
}
