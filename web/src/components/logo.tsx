/** The sign of the product: a shield with a tick. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path class="logo-shield" d="M16 1.5 28 5v10.5c0 7.4-5 12.6-12 15-7-2.4-12-7.6-12-15V5z" />
      <path class="logo-tick" d="m10 16.2 4.3 4.3L22.4 12" />
    </svg>
  );
}
