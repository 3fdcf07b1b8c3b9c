// Where the records of a graph are drawn: forces push them apart and pull connected ones together. The result depends on
// the data and the size alone; records that had a place before start from there, so that little moves.
import {forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY} from 'd3-force';

const STEPS = 260;
const ROOM = {x: 74, top: 36, bottom: 52};
const LOWEST = 280;
const SMALLEST = 0.8;

// A record takes the room its name needs.
const radius = node => Math.max(40, Math.min(node.title.length, 20) * 3.4 + 6);

export function layout(nodes, edges, width, before) {
  const points = nodes.map((node, index) => ({index, ...(before.get(node.key) ?? {})}));
  Object.assign(points[0], {fx: 0, fy: 0});
  const flat = width / 600;
  forceSimulation(points)
    .force('apart', forceManyBody().strength(-480))
    .force('link', forceLink(edges.map(edge => ({source: edge.from, target: edge.to}))).distance(130).strength(0.6))
    .force('room', forceCollide(point => radius(nodes[point.index])))
    .force('x', forceX().strength(Math.min(0.3, 0.05 / flat ** 2)))
    .force('y', forceY().strength(0.07))
    .stop()
    .tick(STEPS);
  const reach = key => points.map(point => point[key]);
  const left = Math.min(...reach('x')) - ROOM.x, right = Math.max(...reach('x')) + ROOM.x;
  const top = Math.min(...reach('y')) - ROOM.top, bottom = Math.max(...reach('y')) + ROOM.bottom;
  const scale = Math.max(SMALLEST, Math.min(1, width / (right - left)));
  return {left, top, width: right - left, height: Math.max(LOWEST, bottom - top), scale, points};
}
