import { randomBytes } from 'node:crypto';

import { DynamoDbLeaseStore } from '../../../runtime/stores/dynamodb-lease-store';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { S3EntryStore } from '../../../runtime/stores/s3-entry-store';
import { SignedReads } from '../../../runtime/stores/signed-reads';
import { BUCKET, EmbeddedServices, TABLE } from './embedded-services';
import { entryStoreContract, type Made } from './entry-store-contract';
import { MapEntryStore, MapLeaseStore, MapTagStore } from './map-stores';
import { leaseStoreContract, tagStoreContract } from './tag-store-contract';

function inMap<Store>(make: () => Store): () => Promise<Made<Store>> {
  return () => Promise.resolve({ store: make(), close: () => undefined });
}

function embedded<Store>(make: (services: EmbeddedServices) => Store): () => Promise<Made<Store>> {
  return async () => {
    const services = await EmbeddedServices.start();
    return { store: make(services), close: () => services.close() };
  };
}

function tagStore(services: EmbeddedServices, shards: number): DynamoDbTagStore {
  const client = services.makeDynamoDbClient();
  return new DynamoDbTagStore(() => client, TABLE, `site-${randomBytes(4).toString('hex')}`, shards);
}

entryStoreContract(
  'a map',
  inMap(() => new MapEntryStore()),
);
entryStoreContract(
  'S3, embedded',
  embedded((services) => {
    const client = services.makeS3Client();
    return new S3EntryStore(() => client, BUCKET);
  }),
);
entryStoreContract(
  'S3, embedded, with signed reads',
  embedded((services) => {
    const client = services.makeS3Client();
    const reads = new SignedReads(client, () => undefined);
    return new S3EntryStore(
      () => client,
      BUCKET,
      () => reads,
    );
  }),
);
tagStoreContract(
  'a map',
  inMap(() => new MapTagStore()),
);
tagStoreContract(
  'DynamoDB, embedded',
  embedded((services) => tagStore(services, 1)),
);
tagStoreContract(
  'DynamoDB, embedded, four shards',
  embedded((services) => tagStore(services, 4)),
);
leaseStoreContract(
  'a map',
  inMap(() => new MapLeaseStore()),
);
leaseStoreContract(
  'DynamoDB, embedded',
  embedded((services) => {
    const client = services.makeDynamoDbClient();
    return new DynamoDbLeaseStore(() => client, TABLE, 'site');
  }),
);
