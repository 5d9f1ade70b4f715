/** What the preload answers for the load balancer's health checks. */
export const Health = {
  /** Path that the server answers itself, before any of the app's code. */
  PATH: '/__health',
  /** Port that the container listens on. */
  PORT: 3000,
} as const;
