import { prose } from '../shared/words.mjs';

/** Prerendered, for good. */
export default function HomePage() {
  return <p>{prose('home', 1500)}</p>;
}
