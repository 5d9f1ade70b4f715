import { createHash, createHmac } from 'node:crypto';
import { createContext, Script, type Context } from 'node:vm';

import { SANDBOX_RUNNER, SANDBOX_SETUP } from './edge-function-sandbox';
import { findUnknownSyntax } from './edge-function-syntax';

export interface EdgeFunctionOptions {
  readonly name: string;
  readonly code: string;
}

export interface EdgeFunctionResult {
  /** What the handler returned, as plain data. */
  readonly output: unknown;
  /** What it wrote with `console.log`. */
  readonly logs: readonly string[];
  readonly milliseconds: number;
}

/** The function threw, ran too long or returned nothing that can be read: CloudFront answers 503. */
export class EdgeFunctionError extends Error {
  override readonly name = 'EdgeFunctionError';
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions */
const MAX_CODE_BYTES = 10_240;
const MAX_LOG_BYTES = 10_240;

/**
 * CloudFront stops a function after about a millisecond of its own processors. Here it is time by the clock, and a machine with more to do than it has
 * processors may well leave a process waiting for a fifth of a second: only what does not end takes this long.
 */
const TIME_LIMIT = 1000;

/**
 * A time limit costs a thread of its own, half a millisecond and more on a busy machine. So the first runs have one, and of the later
 * ones each hundredth: an endless loop shows at once, unless only rare input leads into it.
 */
const GUARDED_RUNS = 100;

/**
 * A CloudFront Function (JavaScript runtime 1.0 or 2.0) in a context of its own: no network, file system, timers, `eval` or Node.js
 * globals; only text passes between it and the edge.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
export class EdgeFunction {
  readonly name: string;
  private readonly context: Context;
  private readonly runner: Script;
  private logs: string[] = [];
  private runs = 0;

  constructor(options: EdgeFunctionOptions) {
    const bytes = Buffer.byteLength(options.code);
    if (bytes > MAX_CODE_BYTES) {
      throw new Error(
        `cdk-nextjs-ecs/local edge: function "${options.name}" has ${String(bytes)} bytes of code; CloudFront allows ${String(MAX_CODE_BYTES)}`,
      );
    }
    this.name = options.name;
    this.context = createContext(
      { __host: (request: string) => this.answer(request) },
      {
        codeGeneration: { strings: false, wasm: false },
        microtaskMode: 'afterEvaluate',
        name: `CloudFront function ${options.name}`,
      },
    );
    new Script(SANDBOX_SETUP).runInContext(this.context, { timeout: TIME_LIMIT });
    this.define(options.code);
    this.runner = new Script(SANDBOX_RUNNER);
  }

  /** @throws EdgeFunctionError */
  run(event: unknown, requestId: string): EdgeFunctionResult {
    const started = performance.now();
    this.logs = [];
    this.context.__event = JSON.stringify(event);
    this.context.__requestId = requestId;
    this.context.__output = undefined;
    this.context.__failure = undefined;
    this.runs += 1;
    const guarded = this.runs <= GUARDED_RUNS || this.runs % GUARDED_RUNS === 0;
    try {
      this.runner.runInContext(this.context, guarded ? { timeout: TIME_LIMIT } : {});
    } catch (cause) {
      throw new EdgeFunctionError(`function "${this.name}" did not end within ${String(TIME_LIMIT)} ms`, { cause });
    }
    const { __output: output, __failure: failure } = this.context as { __output?: unknown; __failure?: unknown };
    if (typeof output !== 'string') {
      const why = typeof failure === 'string' ? failure : 'the handler returned neither a request nor a response';
      throw new EdgeFunctionError(`function "${this.name}": ${why}`);
    }
    return { output: JSON.parse(output) as unknown, logs: this.logs, milliseconds: performance.now() - started };
  }

  private define(code: string): void {
    const name = `${this.name}.js`;
    const unknown = findUnknownSyntax(code);
    try {
      if (unknown !== undefined) throw new SyntaxError(unknown);
      new Script(withoutImports(code), { filename: name }).runInContext(this.context, { timeout: TIME_LIMIT });
      new Script(
        'if (typeof handler !== "function") throw new Error("there is no function named handler")',
      ).runInContext(this.context);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String((cause as { message?: unknown }).message);
      throw new Error(`cdk-nextjs-ecs/local edge: function "${this.name}" cannot be loaded: ${message}`, { cause });
    }
  }

  /** Serves the sandbox: text in, text out, and nothing thrown, so that no object of this realm gets inside. */
  private answer(request: string): string {
    try {
      const [operation, ...values] = JSON.parse(request) as string[];
      return `+${this.perform(operation ?? '', values)}`;
    } catch (error) {
      return `-${error instanceof Error ? error.message : String(error)}`;
    }
  }

  private perform(operation: string, values: readonly string[]): string {
    const [first = '', second = '', third = '', fourth = ''] = values;
    switch (operation) {
      case 'log':
        this.log(first);
        return '';
      case 'hash':
        return createHash(first)
          .update(second, 'utf8')
          .digest(third as 'hex');
      case 'hmac':
        return createHmac(first, fourth)
          .update(second, 'utf8')
          .digest(third as 'hex');
      case 'transcode':
        return Buffer.from(first, second as 'utf8').toString(third as 'utf8');
      default:
        throw new Error(`no operation "${operation}"`);
    }
  }

  private log(line: string): void {
    const used = this.logs.reduce((sum, text) => sum + text.length, 0);
    if (used < MAX_LOG_BYTES) this.logs.push(line.slice(0, MAX_LOG_BYTES - used));
  }
}

/** A script has no `import`: the runtime's few modules (`cloudfront`, `crypto`, `querystring`) are required instead. */
function withoutImports(code: string): string {
  return code
    .replace(/^\s*import\s+\*\s+as\s+([\w$]+)\s+from\s+(['"][^'"]+['"]);?/gm, 'const $1 = require($2);')
    .replace(/^\s*import\s+([\w$]+)\s+from\s+(['"][^'"]+['"]);?/gm, 'const $1 = require($2);')
    .replace(/^\s*import\s+\{([^}]*)\}\s+from\s+(['"][^'"]+['"]);?/gm, (_, names: string, module: string) => {
      return `const {${names.replace(/\s+as\s+/g, ': ')}} = require(${module});`;
    })
    .replace(/^\s*export\s+(?=(?:default\s+)?(?:async\s+)?function\s)(?:default\s+)?/gm, '');
}
