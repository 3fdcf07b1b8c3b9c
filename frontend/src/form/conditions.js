// Decides "visible if" in the browser: the same tree and the same meaning as on the server (crm_core/web/conditions.py).
const text = value => (value === null || value === undefined ? '' : String(value));

function holds({path, op, value}, values) {
  const found = (values.get(path) ?? []).filter(item => item !== '');
  // An unticked box posts "false" before the tick's "true".
  const real = found.length > 1 && found[0] === 'false' ? found.slice(1) : found;
  const wanted = (Array.isArray(value) ? value : [value]).map(text);
  const hit = real.some(item => wanted.includes(item)) || (!real.length && wanted.length === 1 && wanted[0] === 'false');
  switch (op) {
    case 'is null': return !real.length;
    case 'is not null': return real.length > 0;
    case '!=': case 'not in': case 'not has': return !hit;
    default: return hit;
  }
}

export function evaluate(node, values) {
  if (node.and) return node.and.every(part => evaluate(part, values));
  if (node.or) return node.or.some(part => evaluate(part, values));
  if (node.not) return !evaluate(node.not, values);
  return holds(node, values);
}
