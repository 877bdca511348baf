import type { CheckoutSession } from "./checkout.ts";

/** The hosted page, as small as it can be: a person at a demo clicks one button. */
export function checkoutPage(session: CheckoutSession): string {
  const body =
    session.status === "open"
      ? `<p>${session.mode === "setup" ? "Save a card for later invoices." : "Subscribe."} Customer: <code>${escapeHtml(session.customer ?? "new")}</code></p>
<form method="post"><label>Card <select name="payment_method">
<option value="pm_card_visa">4242 4242 4242 4242 (works)</option>
<option value="pm_card_chargeCustomerFail">4000 0000 0000 0341 (fails when charged)</option>
</select></label> <button>Save</button></form>`
      : `<p>This session is <strong>${session.status}</strong>.</p>`;
  return page(body);
}

/** The same page with only a message: unknown session, refused card. */
export function checkoutMessage(message: string): string {
  return page(`<p>${escapeHtml(message)}</p>`);
}

function page(body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Checkout (sandbox)</title><h1>Checkout (sandbox)</h1>${body}</html>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
