import type { ServiceName } from '../stores';

export interface ThrottlingError {
  readonly statusCode: number;
  readonly code: string;
  readonly message: string;
}

const ERRORS: Readonly<Record<ServiceName, ThrottlingError>> = {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
  s3: { statusCode: 503, code: 'SlowDown', message: 'Please reduce your request rate.' },
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
  dynamodb: {
    statusCode: 400,
    code: 'ThrottlingException',
    message: 'Rate of requests exceeds the allowed throughput.',
  },
  // https://docs.aws.amazon.com/cloudfront/latest/APIReference/CommonErrors.html
  cloudfront: { statusCode: 400, code: 'ThrottlingException', message: 'Rate exceeded' },
};

/** What a service says to who asks too often. */
export function throttlingError(service: ServiceName): ThrottlingError {
  return ERRORS[service];
}
