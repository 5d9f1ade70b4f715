import type { Metadata } from 'next';
import { cookies } from 'next/headers';
import { BasketContents } from '@/components/basket';
import { RenderStamp } from '@/components/render-stamp';
import { forget, introduce } from './actions';
import { NAME_COOKIE } from './cookie';

export const metadata: Metadata = { title: 'Account' };

/** Dynamic: it reads a cookie, so no one else may ever be shown it. */
export default async function AccountPage() {
  const name = (await cookies()).get(NAME_COOKIE)?.value;
  return (
    <>
      <h1>{name === undefined ? 'Hello' : `Hello, ${name}`}</h1>
      <div className="columns">
        <section className="panel">
          <h2>Your basket</h2>
          <BasketContents />
        </section>
        <section className="panel">
          <h2>Your name</h2>
          {name === undefined ? (
            <form action={introduce}>
              <label htmlFor="name">What should we call you?</label>
              <div className="field">
                <input id="name" name="name" required maxLength={60} autoComplete="given-name" />
                <button className="primary">Save</button>
              </div>
            </form>
          ) : (
            <form action={forget}>
              <p>We keep it in a cookie, and nowhere else.</p>
              <button>Forget me</button>
            </form>
          )}
        </section>
      </div>
      <RenderStamp how="Rendered for you alone." />
    </>
  );
}
