// Draws a graph as SVG: a button for each record, its name as a link, an arrow with its words for each connection.
const SVG = 'http://www.w3.org/2000/svg';
const RADIUS = 19;
const LETTERS = 20;
const BEND = 34;

export function make(name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const short = text => (text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text);

// How far the middle of each connection is bent aside: several between the same two lie beside each other.
function bends(edges) {
  const lanes = new Map();
  edges.forEach((edge, index) => {
    const pair = [edge.from, edge.to].sort((a, b) => a - b).join();
    lanes.set(pair, [...(lanes.get(pair) ?? []), index]);
  });
  const found = [];
  for (const lane of lanes.values()) {
    lane.forEach((index, place) => { found[index] = (place - (lane.length - 1) / 2) * BEND; });
  }
  return found;
}

function curve(edge, points, bend) {
  const from = points[edge.from], to = points[edge.to];
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const side = edge.from < edge.to ? bend : -bend;
  const middle = {
    x: (from.x + to.x) / 2 - ((to.y - from.y) / length) * side * 2,
    y: (from.y + to.y) / 2 + ((to.x - from.x) / length) * side * 2,
  };
  const reach = (end, away) => {
    const far = Math.hypot(middle.x - end.x, middle.y - end.y) || 1;
    return `${end.x + ((middle.x - end.x) / far) * away},${end.y + ((middle.y - end.y) / far) * away}`;
  };
  const path = `M${reach(from, RADIUS + 2)} Q${middle.x},${middle.y} ${reach(to, RADIUS + 7)}`;
  return {path, x: (from.x + to.x) / 4 + middle.x / 2, y: (from.y + to.y) / 4 + middle.y / 2};
}

function edgesOf(graph, points) {
  const bent = bends(graph.edges);
  return graph.edges.map((edge, index) => {
    const {path, x, y} = curve(edge, points, bent[index]);
    const group = make('g', {class: 'edge', 'data-from': edge.from, 'data-to': edge.to});
    group.append(make('path', {d: path, 'marker-end': 'url(#connections-arrow)'}), make('text', {x, y, dy: '0.35em'}, edge.label));
    return group;
  });
}

function nodeOf(node, index, point, root) {
  const group = make('g', {class: 'node', 'data-node': index, transform: `translate(${point.x},${point.y})`});
  group.classList.toggle('centre', index === 0);
  const words = node.expanded ? root.dataset.collapse : root.dataset.expand;
  const name = [node.title, node.kind, node.more ? root.dataset.more.replace('%(count)s', node.more) : ''].filter(Boolean).join(', ');
  const button = make('g', {class: 'node-mark', tabindex: -1, ...(node.toggle
    ? {role: 'button', 'aria-label': `${words.replace('%(name)s', name)}`, 'aria-expanded': node.expanded}
    : {role: 'img', 'aria-label': name})});
  button.append(make('title', {}, name), make('circle', {r: RADIUS}));
  const icon = root.querySelector(`[data-icon="${CSS.escape(node.icon)}"] svg`)?.cloneNode(true);
  if (icon) {
    for (const [key, value] of Object.entries({x: -9, y: -9, width: 18, height: 18})) icon.setAttribute(key, value);
    button.append(icon);
  }
  if (node.more || !node.expanded) {
    button.append(make('circle', {class: 'badge-back', cx: 15, cy: -15, r: 10}), make('text', {class: 'badge-text', x: 15, y: -15, dy: '0.35em'}, node.more ? `+${Math.min(node.more, 99)}` : '+'));
  }
  const link = make('a', {href: node.url, tabindex: -1, 'aria-label': node.title});
  link.append(make('text', {y: RADIUS + 16}, short(node.title)));
  group.append(button, link);
  return group;
}

export function draw(graph, placed, root) {
  const {left, top, width, height, scale, points} = placed;
  const svg = make('svg', {viewBox: `${left} ${top} ${width} ${height}`, width: width * scale, height: height * scale});
  const arrow = make('marker', {id: 'connections-arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerUnits: 'userSpaceOnUse', markerWidth: 10, markerHeight: 10, orient: 'auto'});
  arrow.append(make('path', {d: 'M0,0.5 L8,4 L0,7.5 z'}));
  const defs = make('defs');
  defs.append(arrow);
  svg.append(defs, ...edgesOf(graph, points), ...graph.nodes.map((node, index) => nodeOf(node, index, points[index], root)));
  return svg;
}
