export default function NotFound() {
  return (
    <>
      <h1>No boat goes there</h1>
      <p className="lead">Perhaps it is not an island.</p>
    </>
  );
}
