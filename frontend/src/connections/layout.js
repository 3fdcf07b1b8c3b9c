// Where the records of a graph are drawn: forces push them apart and pull connected ones together. The result depends on
// the data and the size alone; records that had a place before start from there, so that little moves.
import {forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY} from 'd3-force';

const STEPS = 260;
const EDGE = {x: 64, top: 30, bottom: 46};
const AREA = 9500;

export function layout(nodes, edges, width, before) {
  const needed = nodes.length * AREA;
  const height = Math.max(300, Math.min(900, needed / width));
  const wide = Math.max(width, needed / height);
  const points = nodes.map((node, index) => ({index, ...(before.get(node.key) ?? {})}));
  Object.assign(points[0], {fx: 0, fy: 0});
  forceSimulation(points)
    .force('apart', forceManyBody().strength(-520))
    .force('link', forceLink(edges.map(edge => ({source: edge.from, target: edge.to}))).distance(125).strength(0.5))
    .force('room', forceCollide(46))
    .force('x', forceX().strength(0.04 * Math.min(2, height / wide)))
    .force('y', forceY().strength(0.04 * Math.min(4, wide / height)))
    .stop()
    .tick(STEPS);
  points.forEach(point => {
    point.x = Math.max(-wide / 2 + EDGE.x, Math.min(wide / 2 - EDGE.x, point.x));
    point.y = Math.max(-height / 2 + EDGE.top, Math.min(height / 2 - EDGE.bottom, point.y));
  });
  return {width: wide, height, points};
}
