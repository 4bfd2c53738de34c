// Numbers as the server writes them (collector/web/words.py): three figures and a unit.

const STEPS = ["", "k", "M", "G", "T"];

export function figures(value) {
  if (value === 0 || Math.abs(value) >= 99.95) return value.toFixed(0);
  return Math.abs(value) >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

export function amount(value, unit) {
  if (value == null) return "–";
  if (unit === "%") return percent(value);
  if (unit === "ms") return value < 1000 ? `${figures(value)} ms` : `${figures(value / 1000)} s`;
  let power = 0;
  while (value >= 999.5 && power < STEPS.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${figures(value)} ${STEPS[power]}${unit}`;
}

// What is not 0 or 100 is not shown as it.
function percent(value) {
  if (value > 0 && value < 0.1) return "<0.1%";
  if (value >= 99.5 && value < 100) return `${Math.min(value, 99.9).toFixed(1)}%`;
  return `${value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0)}%`;
}

// On an axis round numbers need no decimals.
export function tick(value, unit) {
  return amount(value, unit).replace(/\.0+(?=\D)/, "").replace(/(\.\d*[1-9])0+(?=\D)/, "$1");
}
