import type { Making } from '@/timetable/cached';

/** Says which making of a cached value this is: the same id on two pages means one value. */
export function Stamp({ of, making }: { of: string; making: Making }) {
  return (
    <p className="stamp">
      {of}, made at <time dateTime={making.at}>{making.at.slice(11, 19)} UTC</time> as{' '}
      <code data-render-id={making.id} data-of={of}>
        {making.id}
      </code>
    </p>
  );
}
