import type { GetStaticProps } from 'next';
import Head from 'next/head';

interface Props {
  readonly renderId: string;
  readonly renderedAt: string;
}

const ZONES = [
  ['In the valley', 'By bicycle', 'Today', 'Free'],
  ['In the country', 'By post', '1–2 days', '€4.90'],
  ['In Europe', 'By rail and post', '3–5 days', '€12.00'],
  ['Further away', 'By ship, and patience', '4–6 weeks', '€28.00'],
] as const;

/** A page that the shop never moved to the App Router. */
export const getStaticProps: GetStaticProps<Props> = () => ({
  props: { renderId: crypto.randomUUID().slice(0, 8), renderedAt: new Date().toISOString() },
  revalidate: 60,
});

export default function LegacyPage({ renderId, renderedAt }: Props) {
  return (
    <>
      <Head>
        <title>Delivery · Alder &amp; Clay</title>
      </Head>
      <h1>Delivery</h1>
      <p className="lead">Everything is packed so that it survives a fall down the stairs.</p>
      <table className="shelf">
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col">How</th>
            <th scope="col">How long</th>
            <th scope="col">Price</th>
          </tr>
        </thead>
        <tbody>
          {ZONES.map(([where, how, time, price]) => (
            <tr key={where}>
              <th scope="row">{where}</th>
              <td>{how}</td>
              <td>{time}</td>
              <td>{price}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="stamp">
        <span>Pages Router, kept for a minute.</span> Rendered{' '}
        <time dateTime={renderedAt}>
          {renderedAt.slice(0, 10)} {renderedAt.slice(11, 19)} UTC
        </time>{' '}
        as <code data-render-id={renderId}>{renderId}</code>
      </p>
    </>
  );
}
