import type { Interference } from '../../../local/stores';
import type { Fleet, FleetInterceptor, Replica, ReplicaCall } from './replicas';
import { StoreLine } from './store-line';

export type Service = 's3' | 'dynamodb';
/** How a store fails: it cannot be reached, answers with errors, asks to slow down, says no, or does not answer at all. */
export type Failure = 'refusing' | 'failing' | 'throttling' | 'denying' | 'hanging';

interface Fault {
  readonly failure: Failure;
  readonly services: readonly Service[];
  /** Which operations fail; all of them where this is left out. Refused connections are refused to all. */
  readonly operation?: string;
}

const ERRORS: Record<
  'failing' | 'throttling' | 'denying',
  Record<Service, readonly [statusCode: number, code: string]>
> = {
  failing: { s3: [500, 'InternalError'], dynamodb: [500, 'InternalServerError'] },
  throttling: { s3: [503, 'SlowDown'], dynamodb: [400, 'ProvisionedThroughputExceededException'] },
  denying: { s3: [403, 'AccessDenied'], dynamodb: [400, 'AccessDeniedException'] },
};

/** A replica's own way to the stores of its fleet, on which a test can make them fail for that replica alone. */
export class FaultyStores {
  static async start(fleet: Fleet): Promise<FaultyStores> {
    const { s3, dynamoDb } = fleet.stores;
    const [s3Line, dynamoDbLine] = await Promise.all([
      StoreLine.start(s3.endpoint),
      StoreLine.start(dynamoDb.endpoint),
    ]);
    return new FaultyStores({ s3: s3Line, dynamodb: dynamoDbLine });
  }

  private fault: Fault | undefined;

  private constructor(private readonly lines: Readonly<Record<Service, StoreLine>>) {}

  /** What the replica's environment has to have. */
  get environment(): Readonly<Record<string, string>> {
    return { AWS_ENDPOINT_URL_S3: this.lines.s3.url, AWS_ENDPOINT_URL_DYNAMODB: this.lines.dynamodb.url };
  }

  async fail(fault: Fault): Promise<void> {
    this.fault = fault;
    if (fault.failure !== 'refusing') return;
    await Promise.all(fault.services.map((service) => this.lines[service].refuse()));
  }

  async mend(): Promise<void> {
    this.fault = undefined;
    await Promise.all(Object.values(this.lines).map((line) => line.accept()));
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.lines).map((line) => line.refuse()));
  }

  /** What becomes of one of the replica's calls. */
  async intercept({ service, operation }: ReplicaCall, signal: AbortSignal): Promise<Interference | undefined> {
    const { fault } = this;
    const failing = fault?.services.find((name) => name === service);
    if (fault === undefined || failing === undefined) return undefined;
    if (fault.operation !== undefined && fault.operation !== operation) return undefined;
    if (fault.failure === 'refusing' || fault.failure === 'hanging') {
      // Until the caller gives up.
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      return { kind: 'disconnect' };
    }
    const [statusCode, code] = ERRORS[fault.failure][failing];
    return { kind: 'error', statusCode, code, message: `The test is ${fault.failure}` };
  }
}

/** Makes each of the replicas' calls meet its own faults. */
export function interceptorOf(faulty: ReadonlyMap<Replica, FaultyStores>): FleetInterceptor {
  return (call, signal) => {
    const [, stores] = [...faulty].find(([{ name }]) => name === call.replica) ?? [];
    return stores?.intercept(call, signal);
  };
}
