import Link from 'next/link';

export default function NotFound() {
  return (
    <>
      <h1>Not on our shelves</h1>
      <p className="lead">There is nothing at this address, and perhaps there never was.</p>
      <Link className="button" href="/">
        Back to the shop
      </Link>
    </>
  );
}
