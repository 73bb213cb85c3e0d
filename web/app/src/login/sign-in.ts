/** To the sign-on provider and back: where the person was is kept meanwhile, since the fragment does not come back. */

const KEPT = "signing-in";

export function leaveForSignIn(): void {
  try {
    sessionStorage.setItem(KEPT, location.hash || "#");
  } catch {}
}

/** Whether the person comes from there; then the page is where they left it. */
export function takeReturn(): boolean {
  try {
    const hash = sessionStorage.getItem(KEPT);
    sessionStorage.removeItem(KEPT);
    if (hash && hash !== "#" && !location.hash) location.hash = hash;
    return hash !== null;
  } catch {
    return false;
  }
}
