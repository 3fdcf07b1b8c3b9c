// Decides "visible if" in the browser: the same tree and the same meaning as on the server (crm_core/filters/evaluate.py).
const text = value => (value === null || value === undefined ? '' : String(value.decimal ?? value));

function number(typed) {
  const found = typed.trim() ? Number(typed.replace(/[\s\u00a0\u202f']/g, '').replace(',', '.')) : NaN;
  return Number.isFinite(found) ? found : null;
}

function ordered(op, left, right) {
  let pair = [number(left), number(right)];
  if (pair.includes(null)) pair = [left, right];
  const [a, b] = pair;
  return {'<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b}[op];
}

function compare(op, real, given) {
  const wanted = given.map(text);
  const low = wanted[0]?.toLowerCase();
  switch (op) {
    case 'is null': return !real.length;
    case 'contains': return real.some(item => item.toLowerCase().includes(low));
    case 'startswith': return real.some(item => item.toLowerCase().startsWith(low));
    case 'endswith': return real.some(item => item.toLowerCase().endsWith(low));
    case '<': case '<=': case '>': case '>=': return real.some(item => ordered(op, item, wanted[0]));
    default: break;
  }
  if (wanted.length === 1 && wanted[0] === '') return !real.length;
  const numbers = given.filter(item => typeof item === 'number' || item?.decimal).map(item => number(text(item)));
  const hit = real.some(item => wanted.includes(item) || (numbers.length > 0 && numbers.includes(number(item))));
  return hit || (!real.length && wanted.length === 1 && wanted[0] === 'false');
}

const POSITIVE = {'!=': '=', 'not in': 'in', 'not has': 'has', 'is not null': 'is null', 'not contains': 'contains'};

function holds({path, op, value}, values) {
  const found = (values.get(path) ?? []).filter(item => item !== '');
  // An unticked box posts "false" before the tick's "true".
  const real = found.length > 1 && found[0] === 'false' ? found.slice(1) : found;
  const given = Array.isArray(value) ? value : [value];
  return op in POSITIVE ? !compare(POSITIVE[op], real, given) : compare(op, real, given);
}

export function evaluate(node, values) {
  if (node.and) return node.and.every(part => evaluate(part, values));
  if (node.or) return node.or.some(part => evaluate(part, values));
  if (node.not) return !evaluate(node.not, values);
  return holds(node, values);
}
