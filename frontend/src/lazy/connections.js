// The graph of a record's connections. One record at a time is in the order of the Tab key; the arrow keys lead on, Enter
// or a click shows what is connected with it, its name leads to its page. The server answers the whole part anew.
import {draw} from '../connections/drawing.js';
import {layout} from '../connections/layout.js';

const FEW = 12;
const KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
// Where records were, and which one was acted on, from one answer to the next.
const kept = {places: new Map(), acted: ''};

function nearest(points, current, [dx, dy]) {
  const from = points[current];
  let found = current, best = Infinity;
  points.forEach((point, index) => {
    const along = (point.x - from.x) * dx + (point.y - from.y) * dy;
    const aside = Math.abs((point.x - from.x) * dy) + Math.abs((point.y - from.y) * dx);
    if (index !== current && along > 0 && along + 2 * aside < best) [found, best] = [index, along + 2 * aside];
  });
  return found;
}

class Drawn {
  constructor(root, box) {
    this.root = root;
    this.box = box;
    this.graph = JSON.parse(root.dataset.graph);
    this.current = 0;
  }

  show() {
    const {graph, box} = this;
    const same = graph.nodes[0].key === kept.centre;
    this.placed = layout(graph.nodes, graph.edges, box.clientWidth, same ? kept.places : new Map());
    box.replaceChildren(draw(graph, this.placed, this.root));
    this.width = box.clientWidth;
    box.classList.toggle('crowded', graph.edges.length > FEW);
    const centre = this.mark(0).getBoundingClientRect(), view = box.getBoundingClientRect();
    box.scrollTo(centre.x - view.x - box.clientWidth / 2, centre.y - view.y - box.clientHeight / 2);
    kept.centre = graph.nodes[0].key;
    kept.places = new Map(graph.nodes.map((node, index) => [node.key, {x: this.placed.points[index].x, y: this.placed.points[index].y}]));
    this.choose(Math.max(0, graph.nodes.findIndex(node => node.key === kept.acted)));
  }

  choose(index) {
    const parts = number => this.box.querySelectorAll(`[data-node="${number}"] > *`);
    parts(this.current).forEach(part => part.setAttribute('tabindex', '-1'));
    parts(index).forEach(part => part.setAttribute('tabindex', '0'));
    this.current = index;
    this.light(index);
  }

  light(index) {
    const edges = [...this.box.querySelectorAll('.edge')];
    const beside = edges.filter(edge => [edge.dataset.from, edge.dataset.to].includes(String(index)));
    edges.forEach(edge => edge.classList.toggle('lit', beside.length <= FEW && beside.includes(edge)));
  }

  mark(index) {
    return this.box.querySelector(`[data-node="${index}"] > .node-mark`);
  }

  async toggle(index) {
    const node = this.graph.nodes[index];
    if (!node.toggle) return;
    kept.acted = node.key;
    this.box.setAttribute('aria-busy', 'true');
    await window.htmx.ajax('GET', node.toggle, {target: '#tab-body', swap: 'innerHTML'});
  }

  onKey(event) {
    const at = event.target.closest?.('[data-node]');
    if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(at.dataset.node);
    if (KEYS[event.key] || event.key === 'Home') {
      event.preventDefault();
      this.choose(event.key === 'Home' ? 0 : nearest(this.placed.points, index, KEYS[event.key]));
      this.mark(this.current).focus();
    } else if ((event.key === 'Enter' || event.key === ' ') && event.target.matches('.node-mark')) {
      event.preventDefault();
      this.toggle(index);
    }
  }

  listen() {
    const {box} = this;
    const at = event => event.target.closest?.('[data-node]')?.dataset.node;
    box.addEventListener('click', event => event.target.closest('.node-mark') && this.toggle(Number(at(event))));
    box.addEventListener('keydown', event => this.onKey(event));
    box.addEventListener('focusin', event => at(event) !== undefined && this.choose(Number(at(event))));
    box.addEventListener('pointerover', event => at(event) !== undefined && this.light(Number(at(event))));
    box.addEventListener('pointerleave', () => this.light(this.current));
    new ResizeObserver(() => Math.abs(box.clientWidth - this.width) > 40 && this.show()).observe(box);
  }
}

export default function connections(root) {
  const box = root.querySelector('[data-drawing]');
  box.hidden = false;
  root.querySelector('[data-hint]').hidden = false;
  const drawn = new Drawn(root, box);
  drawn.show();
  drawn.listen();
  if (kept.acted) {
    drawn.mark(drawn.current).focus({preventScroll: true});
    kept.acted = '';
  }
}
