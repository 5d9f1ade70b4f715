/** An error as S3 reports it: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class S3Error extends Error {
  constructor(
    readonly statusCode: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'S3Error';
  }

  static noSuchBucket(bucket: string) {
    return new S3Error(404, 'NoSuchBucket', `The specified bucket does not exist: ${bucket}`);
  }

  static noSuchKey(key: string) {
    return new S3Error(404, 'NoSuchKey', `The specified key does not exist: ${key}`);
  }

  static preconditionFailed() {
    return new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }

  static invalidArgument(message: string) {
    return new S3Error(400, 'InvalidArgument', message);
  }

  static invalidRange() {
    return new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
  }

  static badDigest(header: string) {
    return new S3Error(400, 'BadDigest', `The ${header} you specified did not match the calculated checksum.`);
  }

  static incompleteBody(message: string) {
    return new S3Error(400, 'IncompleteBody', message);
  }

  static malformedXml() {
    return new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate.');
  }

  static accessDenied() {
    return new S3Error(403, 'AccessDenied', 'Access Denied: only signed requests may write.');
  }

  static methodNotAllowed() {
    return new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }

  static notImplemented(what: string) {
    return new S3Error(501, 'NotImplemented', `The local stack's S3 does not implement ${what}.`);
  }

  static full(maxBytes: number) {
    return new S3Error(
      507,
      'InsufficientStorage',
      `The local stack's S3 is full: it holds ${String(maxBytes)} bytes at most (option maxBytes).`,
    );
  }
}
