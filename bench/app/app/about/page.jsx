import { prose } from '../../shared/words.mjs';

/** Prerendered, for good. */
export default function AboutPage() {
  return <p>{prose('about', 1500)}</p>;
}
