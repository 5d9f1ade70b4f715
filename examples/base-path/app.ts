import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { NextjsBuild, NextjsSite } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

/** A site below a path: https://….cloudfront.net/shop. The path is the build's own (`basePath` in next.config); nothing here repeats it. */
class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    new NextjsSite(this, 'Site', {
      nextBuild: NextjsBuild.fromDirectory('../web'),
      // What is not the site's goes to it, so that a visitor of the bare name finds the way.
      viewerRequestCode: `
        function viewerRequest(event) {
          if (event.request.uri !== '/') return event.request;
          return { statusCode: 307, headers: { location: { value: '/shop' } } };
        }`,
    });
  }
}

const app = new App();
new ShopStack(app, 'BasePath');
