import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteBucketCommand, DeleteObjectsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { retainedIds, type Template } from './template';

/** A bucket or a table that a stack leaves behind when it is deleted. */
export interface Remain {
  readonly type: string;
  readonly name: string;
}

/** What the stack will leave, by its names on AWS. To be asked before it is deleted. */
export async function findRemains(
  client: CloudFormationClient,
  stack: string,
  template: Template,
): Promise<readonly Remain[]> {
  const retained = new Set(retainedIds(template));
  const remains: Remain[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName: stack })) {
    for (const {
      LogicalResourceId: id = '',
      PhysicalResourceId: name,
      ResourceType: type = '',
    } of StackResourceSummaries) {
      if (retained.has(id) && name !== undefined && name !== '') remains.push({ type, name });
    }
  }
  return remains;
}

/** Deletes them. Fulfilled with what could not be deleted, in sentences. */
export async function removeRemains(remains: readonly Remain[]): Promise<readonly string[]> {
  const results = await Promise.allSettled(remains.map(remove));
  return results.flatMap((result, index) => {
    if (result.status === 'fulfilled') return [];
    const { type, name } = remains[index] ?? { type: '', name: '' };
    return [`${type} ${name} is left: ${String(result.reason)}. Delete it by hand.`];
  });
}

async function remove({ type, name }: Remain): Promise<void> {
  if (type === 'AWS::S3::Bucket') return removeBucket(name);
  if (type === 'AWS::DynamoDB::Table') return removeTable(name);
  throw new Error('this program does not know how to delete it');
}

async function removeBucket(bucket: string): Promise<void> {
  const client = new S3Client();
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket })) {
    const objects = Contents.flatMap(({ Key: key }) => (key === undefined ? [] : [{ Key: key }]));
    if (objects.length === 0) continue;
    const { Errors: [failed] = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } }),
    );
    if (failed) throw new Error(`${String(failed.Key)}: ${String(failed.Message)}`);
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
  client.destroy();
}

async function removeTable(table: string): Promise<void> {
  const client = new DynamoDBClient();
  await client.send(new DeleteTableCommand({ TableName: table }));
  client.destroy();
}
