import { App, Stack } from 'aws-cdk-lib';
import { NextjsBuild, NextjsSite } from 'cdk-nextjs-ecs';

const stack = new Stack(new App(), 'Fruit');
new NextjsSite(stack, 'Site', {
  nextBuild: NextjsBuild.fromDirectory('../apps/web'),
  cpu: 512,
  memoryLimitMiB: 1024,
});
