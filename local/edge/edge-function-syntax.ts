import { parse, type Node } from 'acorn';

/**
 * What Node.js understands of a function's code, and CloudFront does not: it takes the function, and answers each request with 503.
 * Of what AWS does not list, these are refused by njs too, whose messages CloudFront's are.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html#writing-functions-javascript-features-core-20
 */
const UNKNOWN: Readonly<Record<string, string>> = {
  ArrayPattern: 'destructuring',
  AssignmentPattern: 'default values',
  ChainExpression: 'optional chaining',
  ClassDeclaration: 'class',
  ClassExpression: 'class',
  ForOfStatement: 'for...of',
  ObjectPattern: 'destructuring',
  SpreadElement: 'spread syntax',
  YieldExpression: 'generators',
};

/** The first of it in a function's code, in words; undefined where there is none, and where it is no JavaScript at all. */
export function findUnknownSyntax(code: string): string | undefined {
  const found = nodesOf(tryParse(code)).find(({ type }) => type in UNKNOWN);
  return (
    found &&
    `CloudFront's runtime does not know ${UNKNOWN[found.type] ?? found.type} (line ${String(lineOf(code, found))})`
  );
}

function tryParse(code: string): Node | undefined {
  try {
    return parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowReturnOutsideFunction: true });
  } catch {
    return undefined;
  }
}

function nodesOf(value: unknown): Node[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(nodesOf);
  return 'type' in value ? [value as Node, ...below] : below;
}

function lineOf(code: string, { start }: Node): number {
  return code.slice(0, start).split('\n').length;
}
