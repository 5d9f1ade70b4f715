import type { ResolvedResource, ResolvedStack } from '../assembly';
import type { LambdaFunction } from '../functions';
import { CustomResourceError } from './custom-resource-error';
import { Dependencies } from './dependencies';
import { requestChange } from './request';
import type { CustomResourceResult } from './response';
import { ResponseServer } from './response-server';

/** Results by logical id. */
export type CustomResourceResults = ReadonlyMap<string, CustomResourceResult>;

/** Those that need a service of ECS come after it has started, all others before. */
export type CustomResourceTime = 'before services' | 'after services';

export interface CustomResourcesOptions {
  readonly find: (serviceToken: string) => LambdaFunction | undefined;
  /** Resolves the template with the results that there are. */
  readonly resolve: (results: CustomResourceResults) => ResolvedStack;
  readonly firstRetry?: number;
  /**
   * Whether one that nothing needs may fail. CloudFormation would give the whole stack up; but here functions also fail because they ask
   * AWS for what only AWS has.
   */
  readonly mayFail: boolean;
}

interface Member extends CustomResourceResult {
  readonly resource: ResolvedResource;
}

/** The stack's custom resources: made and changed by its own functions, as CloudFormation has them do it. */
export class CustomResources {
  private readonly members = new Map<string, Member>();
  /** What an update has replaced. */
  private readonly replaced: Member[] = [];
  /** Those that could not be made, and that nothing needs. */
  private readonly failed = new Map<string, { readonly resource: ResolvedResource; readonly message: string }>();

  get results(): CustomResourceResults {
    return this.members;
  }

  /** What could not be made, in sentences. */
  get notes(): readonly string[] {
    return [...this.failed.values()].map(({ message }) => `${message} (nothing that runs needs it)`);
  }

  /** Lets the functions load that {@link apply} is going to ask. */
  async prepare(when: CustomResourceTime, { find, resolve }: CustomResourcesOptions): Promise<void> {
    const stack = resolve(this.results);
    const tokens = order(stack, when).map((logicalId) =>
      String(stack.resources.get(logicalId)?.properties.ServiceToken),
    );
    for (const token of new Set(tokens)) await find(token)?.prepare();
  }

  /**
   * Makes the resources that are new and updates those whose properties have changed, one after another, in the order in which they need
   * each other. Answers the stack with what the functions have answered in it.
   */
  async apply(when: CustomResourceTime, options: CustomResourcesOptions): Promise<ResolvedStack> {
    let stack = options.resolve(this.results);
    const responses = await ResponseServer.start();
    try {
      for (const logicalId of order(stack, when)) {
        const resource = stack.resources.get(logicalId);
        if (resource === undefined || !this.isChanged(resource)) continue;
        await this.changeOrNote(resource, stack, responses, options);
        stack = options.resolve(this.results);
      }
    } finally {
      await responses.close();
    }
    return stack;
  }

  /** Deletes what updates have replaced and what is not in the template any more, as CloudFormation does at a deployment's end. */
  async cleanUp(stack: ResolvedStack, options: CustomResourcesOptions): Promise<void> {
    const removed = [...this.members].filter(([logicalId]) => !stack.resources.has(logicalId));
    for (const [logicalId] of removed) this.members.delete(logicalId);
    const leaving = [...this.replaced.splice(0), ...removed.map(([, member]) => member)];
    const responses = await ResponseServer.start();
    try {
      for (const { resource, physicalId } of leaving) {
        const lambda = options.find(String(resource.properties.ServiceToken));
        const isInUse = this.members.get(resource.logicalId)?.physicalId === physicalId;
        if (lambda === undefined || isInUse) continue;
        const change = { type: 'Delete', physicalId } as const;
        await requestChange(resource, change, { ...options, stackId: stack.id, responses, lambda });
      }
    } finally {
      await responses.close();
    }
  }

  private isChanged({ logicalId, properties }: ResolvedResource): boolean {
    const known = this.members.get(logicalId) ?? this.failed.get(logicalId);
    return JSON.stringify(known?.resource.properties) !== JSON.stringify(properties);
  }

  private async changeOrNote(
    resource: ResolvedResource,
    stack: ResolvedStack,
    responses: ResponseServer,
    options: CustomResourcesOptions,
  ): Promise<void> {
    try {
      await this.change(resource, stack, responses, options);
      this.failed.delete(resource.logicalId);
    } catch (error) {
      const isHarmless = options.mayFail && error instanceof CustomResourceError;
      if (!isHarmless || isNeeded(resource.logicalId, stack)) throw error;
      this.failed.set(resource.logicalId, { resource, message: error.message.replace(/^cdk-nextjs-ecs local: /, '') });
    }
  }

  private async change(
    resource: ResolvedResource,
    stack: ResolvedStack,
    responses: ResponseServer,
    options: CustomResourcesOptions,
  ): Promise<void> {
    const { logicalId, properties } = resource;
    const lambda = options.find(String(properties.ServiceToken));
    if (lambda === undefined) throw new CustomResourceError(logicalId, 'its function is not in the stack');
    const known = this.members.get(logicalId);
    const change = known
      ? ({ type: 'Update', physicalId: known.physicalId, oldProperties: known.resource.properties } as const)
      : ({ type: 'Create' } as const);
    const result = await requestChange(resource, change, { ...options, stackId: stack.id, responses, lambda });
    this.members.set(logicalId, { ...result, resource });
    if (known && known.physicalId !== result.physicalId) this.replaced.push(known);
  }
}

const SERVICE = 'AWS::ECS::Service';

/** What runs, and may need what a custom resource has become. */
const RUNNING = [SERVICE, 'AWS::CloudFront::Distribution', 'AWS::Lambda::Function'];

function isNeeded(id: string, { members }: ResolvedStack): boolean {
  return members.some(({ prefix, stack }) => {
    if (!id.startsWith(prefix)) return false;
    const dependencies = new Dependencies(stack.artifact.template);
    const running = [...stack.resources.values()].filter(({ type }) => RUNNING.includes(type));
    return running.some(({ logicalId }) => dependencies.of(logicalId).has(id.slice(prefix.length)));
  });
}

function order({ members }: ResolvedStack, when: CustomResourceTime): string[] {
  return members.flatMap(({ prefix, stack }) => orderIn(stack, when).map((logicalId) => prefix + logicalId));
}

function orderIn(stack: ResolvedStack, when: CustomResourceTime): string[] {
  const dependencies = new Dependencies(stack.artifact.template);
  const services = stack.ofType(SERVICE).map(({ logicalId }) => logicalId);
  const ids = stack.customResources
    .map(({ logicalId }) => logicalId)
    .filter((id) => services.some((service) => dependencies.of(id).has(service)) === (when === 'after services'));
  return dependencies.sort(ids);
}
