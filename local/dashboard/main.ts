import type { RequestSummary } from '../trace';
import { ask } from './control';
import { find, setText } from './dom';
import { FaultList } from './fault-list';
import { type Live, listen } from './live';
import { connectForms, perform } from './orders';
import { drawPicture } from './picture';
import { drawPlots } from './plots';
import { ReplicaList } from './replica-list';
import { RequestTable } from './request-table';

const table = new RequestTable();
const replicas = new ReplicaList(perform);
const faults = new FaultList(perform);

function show(live: Live): void {
  const { stack, url } = live.state;
  setText(find('stack-name', HTMLSpanElement), stack);
  const site = find('site', HTMLAnchorElement);
  site.href = url;
  setText(site, url);
  drawPicture(find('picture', HTMLOListElement), live);
  drawPlots(live.metrics);
  replicas.update(live);
  faults.update(live);
}

/** What was missed while nobody listened. */
async function catchUp(): Promise<void> {
  const requests = await ask<RequestSummary[]>('/requests');
  table.update(requests.reverse());
}

connectForms(table);
listen({
  onState: show,
  onRequests: (requests) => {
    table.update(requests);
  },
  onConnection: (isOpen) => {
    setText(find('connection', HTMLParagraphElement), isOpen ? 'live' : 'The stack does not answer; trying again …');
    if (isOpen) void catchUp();
  },
});
