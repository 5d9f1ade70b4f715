/**
 * Something that the user gave, or left out. The message says what it is and how to put it right, so a stack trace would only hide it.
 *
 * The command line tool prints the message and exits with code 2.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
