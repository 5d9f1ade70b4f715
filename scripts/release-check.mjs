// Whether a tag may be published: `npm run release:check -- v0.1.0`.
import { readFile } from 'node:fs/promises';

const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(await readFile('package.json', 'utf8'));
const changelog = await readFile('CHANGELOG.md', 'utf8');

const troubles = [];
if (tag !== `v${version}`)
  troubles.push(`The tag is ${JSON.stringify(tag)}, and package.json says ${version}: make them agree.`);
if (!new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm').test(changelog)) {
  troubles.push(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD": say what changed, and when.`);
}
for (const trouble of troubles) console.error(`scripts/release-check: ${trouble}`);
process.exitCode = troubles.length > 0 ? 1 : 0;
