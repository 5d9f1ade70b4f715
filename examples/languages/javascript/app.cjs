const { App, Duration, Stack } = require('aws-cdk-lib');
const { NextjsBuild, NextjsCache, NextjsSite } = require('cdk-nextjs-ecs');

const app = new App();
const stack = new Stack(app, 'Web');
const cache = new NextjsCache(stack, 'Cache', { entryExpiration: Duration.days(30) });
new NextjsSite(stack, 'Site', {
  nextBuild: NextjsBuild.fromDirectory('../web'),
  cache,
  cpu: 512,
  memoryLimitMiB: 1024,
  environment: { CURRENCY: 'EUR' },
});
app.synth();
