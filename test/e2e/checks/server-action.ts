import { ask, renderIdOf } from './answer';
import { Findings, type Outcome } from './outcome';
import type { CheckedSite } from './site';
import { until } from './until';

/** A server action is carried out behind CloudFront and balancer, and what it has changed is shown. */
export async function serverAction(site: CheckedSite): Promise<Outcome> {
  const { path, send, confirmation } = site.places.action;
  const findings = new Findings();
  const before = renderIdOf(await ask(site, path));
  const response = await send(site.url, site.fetch);
  const said = await response.text();
  findings.refuse(response.status >= 400, `the action is answered with ${response.status}`);
  if (confirmation)
    findings.refuse(!confirmation.test(said), `the action's answer does not say ${String(confirmation)}`);
  const changed = await until(async () => (renderIdOf(await ask(site, path)) === before ? undefined : true));
  findings.refuse(!changed, `the edge shows ${path} as it was before the action`);
  return findings.outcome(`carried out; ${path} is new`);
}
