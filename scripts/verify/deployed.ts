import path from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { type Account, ask, chooseAccount, requireReady } from './account';
import { CloudStack } from './cloud-stack';
import { Interrupted } from './interrupt';
import { PART } from './options';
import { type Assembly, makeAssembly, type Release } from './release';
import { findRemains, removeRemains } from './remains';
import type { Row } from './report';
import { secondsSince } from './run-checks';
import type { Target } from './target';
import type { Template } from './template';
import type { Session } from './verify';

/** The example on AWS, from its deployment to its end. */
export class Deployed {
  /** Address of the site, once it has one. */
  url = 'no site';
  private readonly cloudFormation: CloudFormationClient;
  private readonly stack: CloudStack;
  private assembly?: Assembly;

  constructor(private readonly session: Session) {
    chooseAccount(session.options);
    this.cloudFormation = new CloudFormationClient();
    this.stack = new CloudStack(session.options.stackName, this.cloudFormation, session.scratch);
  }

  async requireReady(): Promise<Account> {
    this.session.progress.step('Looking at account and tools');
    const account = await requireReady(this.cloudFormation, this.stack.name);
    process.env.AWS_REGION = account.region;
    this.session.progress.done(`account ${account.id}, ${account.region}`);
    return account;
  }

  /** Builds the example and synthesizes its stack. */
  async prepare(): Promise<Template> {
    this.session.progress.step('Building the example and synthesizing its stack');
    this.assembly = await this.makeAssembly('example');
    this.session.progress.done();
    return this.assembly.template;
  }

  /** Adds a row; undefined where the deployment has failed. */
  async deploy(rows: Row[]): Promise<Target | undefined> {
    const { interrupt } = this.session;
    interrupt.farewell = this.describeLeaving();
    const row = await this.row('cdk deploy', async () => {
      const { directory, template } = this.prepared;
      this.url = await this.stack.deploy(directory, interrupt.signal);
      return { seen: `${Object.keys(template.Resources).length} resources`, problems: [] };
    });
    rows.push(row);
    if (row.result !== 'ok') return undefined;
    const prepareDeployment = async (): Promise<() => Promise<void>> => {
      const { directory } = await this.makeAssembly('next');
      return async () => {
        await this.stack.deploy(directory, interrupt.signal);
      };
    };
    return { url: this.url, prepareDeployment };
  }

  /** Destroys what was deployed and what that leaves, unless it is to be kept; adds a row. */
  async end(rows: Row[]): Promise<void> {
    if (this.session.options.keep === true) {
      this.session.progress.note(`\n${this.describeLeaving()}\n`);
      return;
    }
    const row = await this.row('cdk destroy', async () => {
      if ((await ask(this.cloudFormation, this.stack.name)) === undefined) return { seen: 'no stack', problems: [] };
      const { directory, template } = this.prepared;
      const remains = await findRemains(this.cloudFormation, this.stack.name, template);
      await this.stack.destroy(directory);
      const problems = await removeRemains(remains);
      return { seen: `the stack, and ${remains.length} buckets and tables that it retains`, problems };
    });
    rows.push(row);
    if (row.result === 'failed') this.session.progress.note(`\n${this.describeLeaving()}\n`);
  }

  /** How what is left is taken away. */
  private describeLeaving(): string {
    return (
      `${PART}: stack ${this.stack.name} is left, and costs money. Destroy it: ${this.stack.destroyCommand}\n` +
      'It leaves buckets and a table, whose names begin with that of the stack: delete them in the console.'
    );
  }

  private get prepared(): Assembly {
    if (this.assembly === undefined) throw new Error(`${PART}: nothing is synthesized yet`);
    return this.assembly;
  }

  private makeAssembly(release: Release): Promise<Assembly> {
    return makeAssembly(release, this.stack.name, path.join(this.session.scratch, `cdk.out.${release}`));
  }

  private async row(name: string, work: () => Promise<Pick<Row, 'seen' | 'problems'>>): Promise<Row> {
    const start = performance.now();
    this.session.progress.step(name);
    try {
      const { seen, problems } = await work();
      this.session.progress.done(seen);
      return {
        name,
        result: problems.length > 0 ? 'failed' : 'ok',
        seen,
        problems,
        figures: {},
        seconds: secondsSince(start),
      };
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const problems = [error instanceof Error ? error.message : String(error)];
      this.session.progress.done('failed');
      return { name, result: 'failed', seen: '', problems, figures: {}, seconds: secondsSince(start) };
    }
  }
}
