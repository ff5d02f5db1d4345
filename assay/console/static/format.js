/** Numbers, times and names as people read them. Amounts and steps stay text or BigInt: they outgrow a Number. */

/** An amount of tokens, its whole part in groups of three. */
export function tokens(amount, symbol = "") {
  const [, sign, whole, rest] = /^(-?)(\d+)(\.\d+)?$/.exec(amount) ?? [null, "", "", amount];
  const text = `${sign === "-" ? "\u2212" : ""}${group(whole)}${rest ?? ""}`;
  return symbol ? `${text} ${symbol}` : text;
}

/** A change of an amount, with its sign. */
export function change(amount) {
  return /^-?0+(\.0+)?$/.test(amount) ? "0" : amount.startsWith("-") ? tokens(amount) : `+${tokens(amount)}`;
}

/** Whether an amount is zero. */
export function isZero(amount) {
  return /^-?0*(\.0*)?$/.test(amount);
}

/** A whole number, as text, Number or BigInt, in groups of three. */
export function count(number) {
  return group(String(number));
}

function group(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A wei amount as coins, at most six decimals. */
export function coins(wei) {
  const unit = 10n ** 18n;
  const value = BigInt(wei);
  const rest = (((value % unit) * 10n ** 6n) / unit).toString().padStart(6, "0").replace(/0+$/, "");
  return group((value / unit).toString()) + (rest ? `.${rest}` : "");
}

/** The beginning and the end of an address or a hash. */
export function short(text) {
  return text.length > 14 ? `${text.slice(0, 6)}\u2026${text.slice(-4)}` : text;
}

/** A job's name with its requester shortened: `0.1@0x7099…79C8`. */
export function shortJob(job) {
  const [place, requester] = job.split("@");
  return `${place}@${short(requester)}`;
}

/** `1 job`, `2 jobs`. */
export function plural(number, noun, many = `${noun}s`) {
  return `${count(number)} ${Number(number) === 1 ? noun : many}`;
}

/** A word or sentence that begins with a capital. */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A time as `2026-11-28 07:31:08`, local. */
export function dateTime(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

/** A time of day as `07:31`, or a date for whoever looks at weeks. */
export function tick(seconds, period) {
  const text = dateTime(seconds);
  return period >= 86_400 ? text.slice(5, 10) : text.slice(11, 16);
}

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A stretch of time in its two largest units: `2 h 5 min`. */
export function duration(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0 s";
  const parts = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    const number = Math.floor(rest / size);
    if (number) parts.push(`${number} ${unit}`);
    rest %= size;
  }
  return parts.join(" ");
}

/** How long ago, in one unit. */
export function ago(seconds) {
  if (seconds < 5) return "just now";
  const [size, unit] = UNITS.find(([each]) => seconds >= each);
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** A number of bytes. */
export function bytes(number) {
  if (number < 1024) return plural(number, "byte");
  const units = ["KiB", "MiB", "GiB"];
  let value = number;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** Hundredths of a percent as a percentage. */
export function share(basisPoints) {
  return `${basisPoints / 100} %`;
}
