import type { Item } from './attribute-value';

/** An error as DynamoDB reports it: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
export class DynamoDbError extends Error {
  constructor(
    /** The error's name in the API, for example `ValidationException`. */
    readonly code: string,
    message: string,
    /** Further members of the error. */
    readonly details: Record<string, unknown> = {},
    readonly statusCode = 400,
  ) {
    super(message);
    this.name = 'DynamoDbError';
  }

  static validation(message: string) {
    return new DynamoDbError('ValidationException', message);
  }

  static invalidParameter(message: string) {
    return DynamoDbError.validation(`One or more parameter values were invalid: ${message}`);
  }

  static keyMismatch() {
    return DynamoDbError.validation('The provided key element does not match the schema');
  }

  /** The item is told where `ReturnValuesOnConditionCheckFailure` asks for it. */
  static conditionFailed(item: Item | undefined) {
    return new DynamoDbError(
      'ConditionalCheckFailedException',
      'The conditional request failed',
      item && { Item: item },
    );
  }

  static tableNotFound(name: string) {
    return new DynamoDbError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
  }

  static notImplemented(what: string) {
    return DynamoDbError.validation(`The local stack's DynamoDB does not implement ${what}`);
  }
}
