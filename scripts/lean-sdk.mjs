import { readFile } from 'node:fs/promises';

const SCHEMAS = /@aws-sdk[\\/].+[\\/]schemas_\d+\.js$/;
const MANIFEST = /@aws-sdk[\\/][^\\/]+[\\/]package\.json$/;

/**
 * Lets esbuild drop the parts of the AWS SDK that nobody uses.
 *
 * The schemas of a service stand in one module, with keys such as `[_hH]` that are constants of that module. A computed key may have side
 * effects, so esbuild keeps the schemas of all operations (https://esbuild.github.io/api/#tree-shaking). With the constant's value in its
 * place the key is plain, and a schema that nobody uses goes. Of the SDK's manifests only the version is asked for.
 */
export const leanSdk = {
  name: 'lean-sdk',
  setup({ onLoad }) {
    onLoad({ filter: SCHEMAS }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text.replace(/\[(_\w+)\]:/g, (key, name) =>
        constants.has(name) ? `${constants.get(name)}:` : key,
      );
      return { contents, loader: 'js' };
    });
    onLoad({ filter: MANIFEST }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};
