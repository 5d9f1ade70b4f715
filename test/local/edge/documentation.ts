/**
 * Where CloudFront's rules stand, on which each test of the edge rests: pages and their parts below
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/
 */
const BEHAVIOR = 'DownloadDistValuesCacheBehavior.html';
const CUSTOM_ORIGIN = 'RequestAndResponseBehaviorCustomOrigin.html';
const EXPIRATION_PAGE = 'Expiration.html';
const ERRORS = 'HTTPStatusCodes.html';
const LIMITS = 'cloudfront-limits.html';
const HEADERS_POLICY = 'understanding-response-headers-policies.html';
const FUNCTIONS = 'edge-function-restrictions-all.html';

export const PATH_PATTERN = `${BEHAVIOR}#DownloadDistValuesPathPattern`;
export const TARGET_ORIGIN = `${BEHAVIOR}#DownloadDistValuesTargetOriginId`;
export const ALLOWED_METHODS = `${BEHAVIOR}#DownloadDistValuesAllowedHTTPMethods`;
export const CACHED_METHODS = `${BEHAVIOR}#DownloadDistValuesCachedHTTPMethods`;
export const ROOT_OBJECT = 'DefaultRootObject.html';

export const CACHE_KEY = 'understanding-the-cache-key.html';
export const CACHE_POLICY = 'cache-key-understand-cache-policy.html';
export const COMPRESSED_OBJECTS = `${CACHE_POLICY}#cache-policy-compressed-objects`;
export const HEADER_CACHING = 'header-caching.html';
export const COOKIES = 'Cookies.html';
export const QUERIES = 'QueryStringParameters.html';
export const MANAGED_CACHE_POLICIES = 'using-managed-cache-policies.html';
export const CLOUDFRONT_HEADERS = 'adding-cloudfront-headers.html';

export const EXPIRATION = `${EXPIRATION_PAGE}#ExpirationDownloadDist`;
export const OBJECT_HEADERS = `${EXPIRATION_PAGE}#expiration-individual-objects`;
export const STALE = `${EXPIRATION_PAGE}#stale-content`;
export const STALE_WHILE_REVALIDATE = `${EXPIRATION_PAGE}#stale-while-revalidate`;
export const STALE_IF_ERROR = `${EXPIRATION_PAGE}#stale-if-error-only`;

export const CACHED_ERRORS = `${ERRORS}#HTTPStatusCodes-cached-errors`;
export const ERRORS_BY_LIFETIME = `${ERRORS}#HTTPStatusCodes-cached-errors-with-cache-control`;
export const ERROR_NOT_IN_CACHE = `${ERRORS}#HTTPStatusCodes-no-custom-error-pages-not-in-cache`;
export const ERROR_IN_CACHE = `${ERRORS}#HTTPStatusCodes-no-custom-error-pages-in-cache`;
export const ERROR_PAGES = 'GeneratingCustomErrorResponses.html';

export const GET_BODY = `${CUSTOM_ORIGIN}#RequestCustom-get-body`;
export const REQUEST_LENGTH = `${CUSTOM_ORIGIN}#RequestCustomMaxRequestStringLength`;
export const REQUEST_HEADERS = `${CUSTOM_ORIGIN}#request-custom-headers-behavior`;
export const CLIENT_ADDRESS = `${CUSTOM_ORIGIN}#RequestCustomIPAddresses`;
export const USER_AGENT = `${CUSTOM_ORIGIN}#request-custom-user-agent-header`;
export const CONDITIONAL_REQUESTS = `${CUSTOM_ORIGIN}#RequestCustomConditionalGETs`;
export const CONNECTIONS = `${CUSTOM_ORIGIN}#request-custom-persistent-connections`;
export const RESPONSE_TIMEOUT = `${CUSTOM_ORIGIN}#request-custom-request-timeout`;
export const CONNECTION_ATTEMPTS = `${CUSTOM_ORIGIN}#custom-origin-timeout-attempts`;
export const COLLAPSING = `${CUSTOM_ORIGIN}#request-custom-traffic-spikes`;
export const CACHED_RESPONSES = `${CUSTOM_ORIGIN}#ResponseCustomCaching`;
export const CANCELED = `${CUSTOM_ORIGIN}#response-custom-canceled-requests`;
export const NEGOTIATION = `${CUSTOM_ORIGIN}#ResponseCustomContentNegotiation`;
export const RESPONSE_COOKIES = `${CUSTOM_ORIGIN}#ResponseCustomCookies`;
export const DROPPED_CONNECTIONS = `${CUSTOM_ORIGIN}#ResponseCustomDroppedTCPConnections`;
export const REMOVED_HEADERS = `${CUSTOM_ORIGIN}#ResponseCustomRemovedHeaders`;
export const ORIGIN_UNAVAILABLE = `${CUSTOM_ORIGIN}#ResponseCustomOriginUnavailable`;
export const REDIRECTS = `${CUSTOM_ORIGIN}#ResponseCustomRedirects`;
export const TRANSFER_ENCODING = `${CUSTOM_ORIGIN}#ResponseCustomTransferEncoding`;

export const ORIGIN_SETTINGS = 'DownloadDistValuesOrigin.html';
export const CONNECTION_TIMEOUT = `${ORIGIN_SETTINGS}#origin-connection-timeout`;
export const COMPLETION_TIMEOUT = `${ORIGIN_SETTINGS}#response-completion-timeout`;
export const ORIGIN_HEADERS = 'add-origin-custom-headers.html';
export const ORIGIN_REQUEST_POLICY = 'origin-request-understand-origin-request-policy.html';
export const MANAGED_ORIGIN_REQUEST_POLICIES = 'using-managed-origin-request-policies.html';
export const FAILOVER = 'high_availability_origin_failover.html';
export const BAD_GATEWAY = 'http-502-bad-gateway.html';
export const GATEWAY_TIMEOUT = 'http-504-gateway-timeout.html';
export const BUCKET_ACCESS = 'private-content-restricting-access-to-s3.html';
export const BUCKET_ORIGIN = 'RequestAndResponseBehaviorS3Origin.html';
export const VPC_ORIGINS = 'private-content-vpc-origins.html';
export const WEB_SOCKETS = 'distribution-working-with.websockets.html';
export const WEB_SOCKET_LIMITS = `${LIMITS}#limits-websockets`;
export const GENERAL_LIMITS = `${LIMITS}#limits-general`;

export const RANGES = 'RangeGETs.html';
export const COMPRESSION = 'ServingCompressedFiles.html#compressed-content-cloudfront-notes';
export const COMPRESSED_TYPES = 'ServingCompressedFiles.html#compressed-content-cloudfront-file-types';
export const RESULT_TYPES = 'standard-logs-reference.html#BasicDistributionFileFormat';

export const CORS = `${HEADERS_POLICY}#understanding-response-headers-policies-cors`;
export const SECURITY = `${HEADERS_POLICY}#understanding-response-headers-policies-security`;
export const CUSTOM_HEADERS = `${HEADERS_POLICY}#understanding-response-headers-policies-custom`;
export const REMOVE_HEADERS = `${HEADERS_POLICY}#understanding-response-headers-policies-remove-headers`;
export const SERVER_TIMING = `${HEADERS_POLICY}#server-timing-header`;

export const FUNCTION_LIMITS = `${LIMITS}#limits-functions`;
export const FUNCTION_EVENT = 'functions-event-structure.html';
export const FUNCTION_RUNTIME = 'functions-javascript-runtime-20.html';
export const RESTRICTED_FEATURES = `${FUNCTION_RUNTIME}#writing-functions-javascript-features-restricted-features-20`;
export const FUNCTION_STATUS = `${FUNCTIONS}#function-restrictions-status-codes`;
export const FUNCTION_HEADERS = `${FUNCTIONS}#function-restrictions-headers`;
export const FUNCTION_QUERIES = `${FUNCTIONS}#function-restrictions-query-strings`;
export const FUNCTION_URI = `${FUNCTIONS}#function-restrictions-uri`;
export const FUNCTION_ENCODING = `${FUNCTIONS}#function-restrictions-encoding`;
export const FUNCTION_ERRORS = RESULT_TYPES;
export const FUNCTION_LOGS = 'edge-functions-logs.html#cloudfront-function-logs';

export const INVALIDATED_PATHS = 'invalidation-specifying-objects.html';
export const INVALIDATED_TAGS = 'tag-based-invalidation.html';
