export { CallLog, type CallCounts, type ServiceName } from './call-log';
export { DynamoDbServer, type DynamoDbServerOptions } from './dynamodb-server';
export type { TableDefinition } from './dynamodb/table-definition';
export type { StreamRecord, TableStream } from './dynamodb/table-stream';
export type { Interceptor, Interference, ServiceCall } from './interceptor';
export { LoopbackServer } from './loopback-server';
export { xmlDocument, type XmlElements } from './s3/xml';
export { S3Server, type NewObject, type S3ServerOptions } from './s3-server';
export { ServiceEndpoint, signerOf, type ServiceAnswer, type ServiceOptions } from './service-endpoint';
