// Loaded after the preload: Next.js finds no handler and takes its own.
Reflect.deleteProperty(globalThis, Symbol.for('@next/cache-handlers'));
