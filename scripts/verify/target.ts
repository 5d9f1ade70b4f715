/** Where the site runs that is checked. */
export interface Target {
  /** Address of the site. */
  readonly url: string;
  /**
   * Makes the app's next release ready; fulfilled with what deploys it.
   *
   * @default - nothing can be deployed there
   */
  readonly prepareDeployment?: () => Promise<() => Promise<void>>;
}
