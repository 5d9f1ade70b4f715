import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  type StackResource,
} from '@aws-sdk/client-cloudformation';

/** A stack as CloudFormation has it. */
export class DeployedStack {
  constructor(
    private readonly client: CloudFormationClient,
    private readonly name: string,
  ) {}

  /** For example `UPDATE_COMPLETE`. */
  async status(): Promise<string | undefined> {
    const { Stacks: stacks = [] } = await this.client.send(new DescribeStacksCommand({ StackName: this.name }));
    return stacks[0]?.StackStatus;
  }

  async id(): Promise<string> {
    const { Stacks: stacks = [] } = await this.client.send(new DescribeStacksCommand({ StackName: this.name }));
    return stacks[0]?.StackId ?? '';
  }

  async resources(): Promise<readonly StackResource[]> {
    const answer = await this.client.send(new DescribeStackResourcesCommand({ StackName: this.name }));
    return answer.StackResources ?? [];
  }

  /** Physical ids by logical id, of the given types only where there are any. */
  async physicalIds(...types: readonly string[]): Promise<Record<string, string>> {
    const resources = (await this.resources()).filter(
      ({ ResourceType: type = '' }) => types.length === 0 || types.includes(type),
    );
    return Object.fromEntries(
      resources.map(({ LogicalResourceId: id = '', PhysicalResourceId: physical = '' }) => [id, physical]),
    );
  }

  async template(): Promise<unknown> {
    const { TemplateBody: body = '' } = await this.client.send(new GetTemplateCommand({ StackName: this.name }));
    return JSON.parse(body);
  }

  /** Logical ids of what had such a status at some time, of a stack that may be gone. @param id the stack's */
  async everHad(status: string, id: string): Promise<Set<string>> {
    const found = new Set<string>();
    let token: string | undefined;
    do {
      const answer = await this.client.send(new DescribeStackEventsCommand({ StackName: id, NextToken: token }));
      for (const event of answer.StackEvents ?? []) {
        if (event.ResourceStatus === status) found.add(event.LogicalResourceId ?? '');
      }
      token = answer.NextToken;
    } while (token !== undefined);
    return found;
  }
}
