/** An error as CloudFront reports it: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html */
export class CloudFrontError extends Error {
  constructor(
    readonly statusCode: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'CloudFrontError';
  }

  static noSuchDistribution(id: string) {
    return new CloudFrontError(404, 'NoSuchDistribution', `The specified distribution does not exist: ${id}`);
  }

  static noSuchInvalidation(id: string) {
    return new CloudFrontError(404, 'NoSuchInvalidation', `The specified invalidation does not exist: ${id}`);
  }

  static invalidArgument(message: string) {
    return new CloudFrontError(400, 'InvalidArgument', message);
  }

  static tooManyInvalidations(message: string) {
    return new CloudFrontError(400, 'TooManyInvalidationsInProgress', message);
  }
}
