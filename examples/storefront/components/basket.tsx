'use client';

import Link from 'next/link';
import { useSyncExternalStore } from 'react';

const KEY = 'basket';
const EMPTY = '[]';
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Other tabs of the same shop.
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

function useBasket(): string[] {
  const stored = useSyncExternalStore(
    subscribe,
    () => localStorage.getItem(KEY) ?? EMPTY,
    () => EMPTY,
  );
  return JSON.parse(stored) as string[];
}

function save(names: string[]): void {
  localStorage.setItem(KEY, JSON.stringify(names));
  for (const listener of listeners) listener();
}

export function BasketLink() {
  const count = useBasket().length;
  return (
    <Link className="basket-link" href="/account">
      Basket <span className="count">{count}</span>
    </Link>
  );
}

export function AddToBasket({ name, disabled }: { name: string; disabled: boolean }) {
  const basket = useBasket();
  const held = basket.filter((other) => other === name).length;
  return (
    <div className="add">
      <button
        type="button"
        className="primary"
        disabled={disabled}
        onClick={() => {
          save([...basket, name]);
        }}
      >
        {disabled ? 'Sold out' : 'Add to basket'}
      </button>
      <p role="status">{held > 0 && `${String(held)} in your basket`}</p>
    </div>
  );
}

export function BasketContents() {
  const basket = useBasket();
  if (basket.length === 0) return <p>Your basket is empty.</p>;
  return (
    <>
      <ul>
        {[...new Set(basket)].map((name) => (
          <li key={name}>
            {basket.filter((other) => other === name).length} × {name}
          </li>
        ))}
      </ul>
      <button
        type="button"
        onClick={() => {
          save([]);
        }}
      >
        Empty the basket
      </button>
    </>
  );
}
