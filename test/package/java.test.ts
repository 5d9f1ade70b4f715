import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { hasTools } from '../deploy/support/tool';
import { scratch, write } from '../lib/bundle';
import { generateBindings } from './support/bindings';
import { npmProjectWithCdk } from './support/npm-project';
import { Project } from './support/project';
import { run } from './support/run';
import { CDK_VERSION, cdkVersions, PACKAGE_VERSION } from './support/versions';

const SAME = 'Java synthesizes the same template as TypeScript';
const MAVEN = ['mvn', '--batch-mode', '--quiet'];

function pom(content: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
    <groupId>test</groupId><artifactId>test</artifactId><version>1</version>${content}</project>`;
}

/** Lets Maven take the newest of a range. */
async function newestCdk(): Promise<string> {
  const directory = scratch();
  const oldest = [...cdkVersions()].at(-1);
  const dependency = `<groupId>software.amazon.awscdk</groupId><artifactId>aws-cdk-lib</artifactId>
    <version>[${oldest},${CDK_VERSION}]</version>`;
  write(join(directory, 'pom.xml'), pom(`<dependencies><dependency>${dependency}</dependency></dependencies>`));
  await run(directory, [...MAVEN, 'dependency:list', '-DoutputFile=list.txt']);
  const list = readFileSync(join(directory, 'list.txt'), 'utf8');
  const [, newest] = /:aws-cdk-lib:jar:([\d.]+):/.exec(list) ?? [];
  if (newest === undefined) throw new Error(`test/package: Maven has no aws-cdk-lib of these months: ${list}`);
  return newest;
}

/** Builds bindings and app together, so that Maven's own repository is left without a package that is not published. */
async function build(project: Project, bindings: string, cdk: string): Promise<string> {
  const directory = scratch();
  const modules = [bindings, project.directory].map((module) => `<module>${relative(directory, module)}</module>`);
  write(join(directory, 'pom.xml'), pom(`<packaging>pom</packaging><modules>${modules.join('')}</modules>`));
  const goals = ['package', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'];
  const skipped = ['-Dmaven.javadoc.skip', '-Dmaven.source.skip', '-Dmaven.test.skip'];
  await run(directory, [...MAVEN, ...goals, ...skipped, `-Dcdk.version=${cdk}`]);
  return readFileSync(project.path('classpath.txt'), 'utf8').trim();
}

describe.skipIf(!hasTools(SAME, 'mvn', 'javac'))('the bindings for Java', () => {
  it('synthesize the same template as TypeScript', async () => {
    const cdk = await newestCdk();
    const reference = await npmProjectWithCdk(cdk);
    const bindings = join(await generateBindings(reference, 'java'), 'java');
    const project = new Project('java');
    const classpath = await build(project, bindings, cdk);
    expect(classpath).toContain(join(bindings, `target/cdk-nextjs-ecs-${PACKAGE_VERSION}.jar`));
    const template = await project.synthesize('java', '-cp', `target/classes:${classpath}`, 'com.example.WebApp');
    expect(template).toEqual(await reference.synthesize(process.execPath, 'app.mjs'));
    proven(SAME, `jar, aws-cdk-lib ${cdk}`);
  });
});
