'use client';

import { useActionState } from 'react';
import { changeStock } from './actions';

interface Props {
  readonly slug: string;
  readonly name: string;
  readonly stock: number;
  readonly most: number;
}

export function StockForm({ slug, name, stock, most }: Props) {
  const [outcome, submit, pending] = useActionState(changeStock, undefined);
  return (
    <form action={submit} className="stock-form" data-slug={slug}>
      <input type="hidden" name="slug" value={slug} />
      <label htmlFor={`stock-${slug}`} className="visually-hidden">
        Stock of {name}
      </label>
      <input id={`stock-${slug}`} name="stock" type="number" min={0} max={most} defaultValue={stock} required />
      <button disabled={pending}>{pending ? 'Saving…' : 'Save'}</button>
      <output className={outcome?.failed === true ? 'failed' : undefined}>{outcome?.message}</output>
    </form>
  );
}
