// Compares the constructs' API (.jsii) with the last published one: `npm run compat`, or `npm run compat -- FOLDER` for that of a folder.
// A change that breaks a user's code needs the next major version, below 1.0 the next minor one: https://semver.org/#spec-item-4
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const jsiiDiff = createRequire(import.meta.url).resolve('jsii-diff/bin/jsii-diff');

const { name, version } = JSON.parse(await readFile('package.json', 'utf8'));

/** @returns the version that users get, or undefined where there is none */
async function publishedVersion() {
  try {
    const { stdout } = await execute('npm', ['view', name, 'version', '--json']);
    return JSON.parse(stdout);
  } catch (error) {
    const { error: reason } = parse(error.stdout) ?? {};
    if (reason?.code === 'E404') return undefined;
    const trouble = reason?.summary ?? error.message;
    throw new Error(`scripts/compat: npm cannot say what is published of ${name}: ${trouble}`, { cause: error });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns what breaks, one thing a line, or an empty string */
async function breakingChanges(baseline) {
  try {
    // All of the API counts, experimental as it is.
    await execute(process.execPath, [jsiiDiff, '--error-on', 'all', baseline, '.']);
    return '';
  } catch (error) {
    // It ends with 1 where something breaks, and with others where it could not compare: https://github.com/aws/jsii/tree/main/packages/jsii-diff
    if (error.code !== 1) {
      throw new Error(`scripts/compat: jsii-diff failed: ${error.stderr || error.message}`, { cause: error });
    }
    return (error.stdout + error.stderr).trim();
  }
}

function mayBreak(before, after) {
  const [oldMajor, oldMinor] = before.split('.').map(Number);
  const [major, minor] = after.split('.').map(Number);
  return major > oldMajor || (major === 0 && minor > oldMinor);
}

async function versionOf(folder) {
  return JSON.parse(await readFile(join(folder, '.jsii'), 'utf8')).version;
}

const [folder] = process.argv.slice(2);
const before = folder === undefined ? await publishedVersion() : await versionOf(folder);
if (before === undefined) {
  console.log(`Nothing of ${name} is published yet: there is no API to be compatible with.`);
} else {
  const changes = await breakingChanges(folder ?? `npm:${name}@${before}`);
  const verdict = changes === '' ? 'is compatible with' : 'breaks users of';
  console.log(`${changes}\n${name} ${version} ${verdict} ${before}.`.trim());
  if (changes !== '' && !mayBreak(before, version)) {
    console.log('Take the change back, or raise the major version (below 1.0 the minor one) in package.json.');
    process.exitCode = 1;
  }
}
