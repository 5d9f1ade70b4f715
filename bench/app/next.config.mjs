import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** The app's modules stand in the folder above, with what it is compared with. */
export default { turbopack: { root }, outputFileTracingRoot: root };
