// Types of assets/adapter.mjs, which `cdk-nextjs-ecs/adapter` is; runtime/adapter holds to them by a test.

/** Next's adapter: https://nextjs.org/docs/app/api-reference/adapters */
declare const adapter: {
  readonly name: string;
  /** Puts the cache handlers into the configuration of `next build` where the app has none of its own. */
  modifyConfig<AppConfig extends object>(config: AppConfig, context: { readonly phase: string }): AppConfig;
};

export default adapter;
