/** Where and when the prices below were what AWS lists; they are not asked from AWS. Other regions differ by up to a third. */
export const PRICES_OF = 'us-east-1, November 2026';

/** In US dollars, without taxes and without the free tier of new accounts: https://aws.amazon.com/pricing */
export const PRICES = {
  fargate: {
    ARM64: { cpuHour: 0.03238, gibibyteHour: 0.00356 },
    X86_64: { cpuHour: 0.04048, gibibyteHour: 0.004445 },
  },
  loadBalancerHour: 0.0225,
  loadBalancerUnitHour: 0.008,
  publicAddressHour: 0.005,
  natGatewayHour: 0.045,
  interfaceEndpointZoneHour: 0.01,
  tableReadUnit: 0.125 / 1_000_000,
  bucketPut: 5 / 1_000_000,
  /** Beyond the ten million a month that are free. */
  edgeRequest: 0.01 / 10_000,
  logGigabyte: 0.5,
} as const;
