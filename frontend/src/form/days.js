// Days in the order a person writes them, and in ISO 8601.
const ORDERS = {'dd/mm/yyyy': [2, 1, 0], 'mm/dd/yyyy': [2, 0, 1], 'yyyy-mm-dd': [2, 1, 0]};

export const pad = (number, length = 2) => String(number).padStart(length, '0');

// '31/12/2026' or '2026-12-31' -> '2026-12-31'; anything that is no day of the calendar -> ''.
export function toIso(text, format) {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  const typed = /^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$/.exec(text.trim());
  let parts;
  if (iso) parts = [iso[1], iso[2], iso[3]];
  else if (typed) parts = (ORDERS[format] ?? ORDERS['dd/mm/yyyy']).map(n => typed[n + 1]);
  else return '';
  const [year, month, day] = parts.map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCFullYear(year);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? `${pad(year, 4)}-${pad(month)}-${pad(day)}` : '';
}

export function fromIso(text, format) {
  const [year, month, day] = text.split('-');
  if (!day) return '';
  if (format === 'yyyy-mm-dd') return text;
  return format === 'mm/dd/yyyy' ? `${month}/${day}/${year}` : `${day}/${month}/${year}`;
}
