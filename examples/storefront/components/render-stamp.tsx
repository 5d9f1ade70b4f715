import { randomUUID } from 'node:crypto';

/** Says which rendering of a page this is: two answers with the same id come from one rendering, whoever sent them. */
export function RenderStamp({ how }: { how: string }) {
  const id = randomUUID().slice(0, 8);
  const at = new Date();
  return (
    <p className="stamp">
      <span>{how}</span> Rendered{' '}
      <time dateTime={at.toISOString()}>
        {at.toISOString().slice(0, 10)} {at.toISOString().slice(11, 19)} UTC
      </time>{' '}
      as <code data-render-id={id}>{id}</code>
    </p>
  );
}
