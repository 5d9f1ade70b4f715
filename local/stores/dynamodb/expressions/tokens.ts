import { DynamoDbError } from '../errors';
import { RESERVED_WORDS } from './reserved-words';
import type { Substitutions } from './substitutions';

/** Where a value lies inside an item: names of members and positions in lists. */
export type Path = readonly (string | number)[];

const TOKEN = /\s*(<>|<=|>=|[=<>()[\],.+-]|[#:][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|\d+|\S)/y;

/** Reads the tokens of an expression, whose kind appears in errors: `ConditionExpression`, …. */
export class Tokens {
  private readonly tokens: string[] = [];
  private position = 0;

  constructor(
    private readonly kind: string,
    expression: unknown,
    private readonly substitutions: Substitutions,
  ) {
    const text = typeof expression === 'string' ? expression.trimEnd() : '';
    if (text.trim() === '') throw this.error('The expression can not be empty;');
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) this.tokens.push(match[1] ?? '');
  }

  get isAtEnd(): boolean {
    return this.position >= this.tokens.length;
  }

  /** The token so many ahead; empty at the end. */
  peek(ahead = 0): string {
    return this.tokens[this.position + ahead] ?? '';
  }

  next(): string {
    const token = this.peek();
    this.position++;
    return token;
  }

  /** Takes the token if it is this one; keywords in any case. */
  take(token: string): boolean {
    if (this.peek().toUpperCase() !== token.toUpperCase()) return false;
    this.position++;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.syntaxError();
  }

  expectEnd(): void {
    if (!this.isAtEnd) throw this.syntaxError();
  }

  isValue(): boolean {
    return this.peek().startsWith(':');
  }

  value() {
    if (!this.isValue()) throw this.syntaxError();
    return this.substitutions.value(this.next());
  }

  path(): Path {
    const path: (string | number)[] = [this.name()];
    for (;;) {
      if (this.take('.')) path.push(this.name());
      else if (this.take('[')) path.push(this.index());
      else return path;
    }
  }

  /** Items separated by commas. */
  list<Element>(read: () => Element): Element[] {
    const items = [read()];
    while (this.take(',')) items.push(read());
    return items;
  }

  error(message: string): DynamoDbError {
    return DynamoDbError.validation(`Invalid ${this.kind}: ${message}`);
  }

  syntaxError(): DynamoDbError {
    const near = [this.tokens[this.position - 1], this.peek(), this.peek(1)].filter(Boolean).join(' ');
    return this.error(`Syntax error; token: ${this.isAtEnd ? '<EOF>' : `"${this.peek()}"`}, near: "${near}"`);
  }

  private name(): string {
    const token = this.peek();
    if (token.startsWith('#')) return this.substitutions.name(this.next());
    if (!/^[A-Za-z_]/.test(token)) throw this.syntaxError();
    if (RESERVED_WORDS.has(token.toUpperCase()))
      throw this.error(`Attribute name is a reserved keyword; reserved keyword: ${token}`);
    return this.next();
  }

  private index(): number {
    if (!/^\d+$/.test(this.peek())) throw this.syntaxError();
    const index = Number(this.next());
    this.expect(']');
    return index;
  }
}
