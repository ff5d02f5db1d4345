/** Amounts to reckon with: base units as BigInt. */

const UNIT = 10n ** 18n;

/** Base units of `12.5`, or null for what is no amount of tokens. */
export function units(text) {
  const match = /^(\d{1,30})(?:\.(\d{1,18}))?$/.exec(text.trim());
  return match ? BigInt(match[1]) * UNIT + BigInt((match[2] ?? "").padEnd(18, "0")) : null;
}

/** An amount in tokens, as the API writes it. */
export function text(amount) {
  const rest = (amount % UNIT).toString().padStart(18, "0").replace(/0+$/, "");
  return (amount / UNIT).toString() + (rest ? `.${rest}` : "");
}
