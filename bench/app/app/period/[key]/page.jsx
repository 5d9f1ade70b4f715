import { noteRender } from '../../../shared/origin.mjs';

export const revalidate = 4;

export function generateStaticParams() {
  return [];
}

/** A page with a period (ISR) that says which rendering it is. */
export default async function PeriodPage({ params }) {
  const { key } = await params;
  const version = await noteRender(`period-${key}`);
  return <i data-version={version}>{version}</i>;
}
