import { describe, expect, it } from 'vitest';

import { readDockerfile } from '../../../local/fleet/dockerfile';

describe('a Dockerfile', () => {
  it('is read for what its last stage says', () => {
    expect(
      readDockerfile(`
        # syntax=docker/dockerfile:1
        FROM --platform=$BUILDPLATFORM node:24 AS build
        WORKDIR /src
        CMD ["never"]
        FROM node:24-slim
        ENV NODE_ENV=production \\
            GREETING="hello world"
        ENV OLD form with spaces
        WORKDIR /app
        WORKDIR web
        COPY --from=build /src .
        ENTRYPOINT ["node"]
        CMD ["server.js", "-p", "3000"]
      `),
    ).toEqual({
      environment: { NODE_ENV: 'production', GREETING: 'hello world', OLD: 'form with spaces' },
      workingDirectory: '/app/web',
      entryPoint: ['node'],
      command: ['server.js', '-p', '3000'],
    });
  });

  it('inherits from an earlier stage', () => {
    const { workingDirectory, command } = readDockerfile(
      'FROM node AS Base\nWORKDIR /app\nCMD ["a"]\nFROM base\nCMD ["b"]\n',
    );
    expect({ workingDirectory, command }).toEqual({ workingDirectory: '/app', command: ['b'] });
  });

  it('runs the shell form by a shell', () => {
    expect(readDockerfile('FROM node\nCMD npm start\n').command).toEqual(['/bin/sh', '-c', 'npm start']);
  });
});
