import { prices } from '@fruit/prices';

export const revalidate = 60;

export default function Page() {
  return (
    <main>
      <h1>Fruit</h1>
      <ul>
        {Object.entries(prices).map(([name, price]) => (
          <li key={name}>
            {name}: {price}
          </li>
        ))}
      </ul>
    </main>
  );
}
