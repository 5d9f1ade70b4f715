import { lookup } from 'mime-types';
import type { FileAsset, ResolvedResource } from '../assembly';
import type { S3Server } from '../stores';
import { DeploymentError } from './deployment-error';
import { pathFilter } from './path-filter';
import { archive, sourceFiles } from './source';
import type { SourceFile } from './source-file';

/** What a deployment did. */
export interface DeploymentResult {
  readonly logicalId: string;
  readonly bucketName: string;
  /** Keys that were written, in order. */
  readonly keys: readonly string[];
  readonly bytes: number;
  /** What of a distribution the deployment asks to be invalidated. */
  readonly invalidation?: { readonly distributionId: string; readonly paths: readonly string[] };
}

interface Source {
  readonly bucketName: string;
  readonly objectKey: string;
  /** Texts to replace in the source's files: what was a token at synthesis, by its marker. */
  readonly markers: Readonly<Record<string, string>>;
  /** The values are put into JSON strings. */
  readonly escapesJson: boolean;
}

/** Performs a `Custom::CDKBucketDeployment`, as its Lambda function would with `aws s3 cp` and `aws s3 sync`. */
export async function deployToBucket(
  resource: ResolvedResource,
  assets: readonly FileAsset[],
  s3: S3Server,
): Promise<DeploymentResult> {
  const { properties, logicalId } = resource;
  const bucketName = String(properties.DestinationBucketName);
  if (!s3.bucketNames().includes(bucketName))
    throw new DeploymentError(`${logicalId}: there is no local bucket named ${bucketName}.`);
  const prefix = keyPrefix(properties.DestinationBucketKeyPrefix);
  const isIncluded = pathFilter(strings(properties.Exclude), strings(properties.Include));
  const headers = metadataHeaders(properties);
  const keys = new Set<string>();
  let bytes = 0;
  for (const source of sourcesOf(resource)) {
    for (const file of await filesOf(source, properties, assets, s3)) {
      if (!isIncluded(file.path)) continue;
      const body = replaceMarkers(await file.read(), source);
      s3.putObject(bucketName, prefix + file.path, {
        body,
        headers: { 'content-type': contentType(file.path), ...headers },
      });
      keys.add(prefix + file.path);
      bytes += body.length;
    }
  }
  if (isTrue(properties.Prune ?? true)) prune(s3, bucketName, prefix, keys, isIncluded);
  return { logicalId, bucketName, keys: [...keys], bytes, ...invalidationOf(properties) };
}

function sourcesOf({ properties, logicalId }: ResolvedResource): Source[] {
  const [buckets, keys] = [strings(properties.SourceBucketNames), strings(properties.SourceObjectKeys)];
  const [markers, configurations] = [objects(properties.SourceMarkers), objects(properties.SourceMarkersConfig)];
  if (buckets.length !== keys.length) {
    throw new DeploymentError(
      `${logicalId}: ${String(buckets.length)} SourceBucketNames, but ${String(keys.length)} SourceObjectKeys.`,
    );
  }
  return buckets.map((bucketName, index) => ({
    bucketName,
    objectKey: keys[index] ?? '',
    markers: Object.fromEntries(Object.entries(markers[index] ?? {}).map(([marker, value]) => [marker, String(value)])),
    escapesJson: isTrue(configurations[index]?.jsonEscape),
  }));
}

async function filesOf(
  { bucketName, objectKey }: Source,
  properties: Readonly<Record<string, unknown>>,
  assets: readonly FileAsset[],
  s3: S3Server,
): Promise<SourceFile[]> {
  if (isTrue(properties.Extract ?? true)) return sourceFiles(bucketName, objectKey, assets, s3);
  const asset = assets.find((candidate) => candidate.bucketName === bucketName && candidate.objectKey === objectKey);
  if (asset?.packaging === 'zip') {
    throw new DeploymentError(
      `extract: false is not emulated for the folder ${asset.path}, which would have to be zipped: give a file.`,
    );
  }
  return [{ path: objectKey.replace(/^.*\//, ''), read: () => archive(bucketName, objectKey, asset, s3) }];
}

function replaceMarkers(body: Buffer, { markers, escapesJson }: Source): Buffer {
  const found = Object.entries(markers).filter(([marker]) => body.includes(marker));
  if (found.length === 0) return body;
  // As bytes, one character each: the file need not be text.
  const bytes = found.reduce((content, [marker, value]) => {
    const replacement = Buffer.from(escapesJson ? JSON.stringify(value).slice(1, -1) : value).toString('latin1');
    return content.replaceAll(marker, () => replacement);
  }, body.toString('latin1'));
  return Buffer.from(bytes, 'latin1');
}

/** Removes what lies under the prefix and is in no source; what the filters leave out stays. */
function prune(
  s3: S3Server,
  bucketName: string,
  prefix: string,
  written: ReadonlySet<string>,
  isIncluded: (path: string) => boolean,
): void {
  for (const key of [...s3.keys(bucketName)]) {
    if (key.startsWith(prefix) && !written.has(key) && isIncluded(key.slice(prefix.length)))
      s3.deleteObject(bucketName, key);
  }
}

/** System metadata that is a header of an answer; the rest (storage class, encryption, …) has no effect here. */
const SYSTEM_HEADERS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]);

function metadataHeaders(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const [system = {}, user = {}] = [objects([properties.SystemMetadata])[0], objects([properties.UserMetadata])[0]];
  const lowerCase = (entries: Record<string, unknown>, prefix: string) =>
    Object.entries(entries).map(([name, value]) => [prefix + name.toLowerCase(), String(value)] as const);
  return Object.fromEntries([
    ...lowerCase(system, '').filter(([name]) => SYSTEM_HEADERS.has(name)),
    ...lowerCase(user, 'x-amz-meta-'),
  ]);
}

function contentType(path: string): string {
  return lookup(path) || 'binary/octet-stream';
}

function invalidationOf(properties: Readonly<Record<string, unknown>>): Pick<DeploymentResult, 'invalidation'> {
  if (typeof properties.DistributionId !== 'string') return {};
  const paths = properties.DistributionPaths === undefined ? ['/*'] : strings(properties.DistributionPaths);
  return { invalidation: { distributionId: properties.DistributionId, paths } };
}

function keyPrefix(value: unknown): string {
  const prefix = typeof value === 'string' ? value.replace(/^\/+|\/+$/g, '') : '';
  return prefix === '' ? '' : `${prefix}/`;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>)
    : [];
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
