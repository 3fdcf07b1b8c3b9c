// A board: cards dragged from column to column; the server answers with the board as it is then. The menu of each card
// does the same without dragging.
import htmx from 'htmx.org';
import Sortable from 'sortablejs';

async function moved(board, event) {
  const {from, to, item, oldIndex} = event;
  if (from === to) return;
  const {id, version} = item.dataset;
  await htmx.ajax('POST', board.dataset.url, {source: board, target: board, swap: 'outerHTML', values: {id, version, value: to.dataset.column}});
  // Still there: the request failed, so the card goes back to where it was.
  if (board.isConnected) from.insertBefore(item, from.children[oldIndex] ?? null);
}

export default function start(board) {
  for (const column of board.querySelectorAll('[data-column]')) {
    Sortable.create(column, {
      group: 'board', draggable: '.board-card', filter: '.board-card:not([data-movable]), .dropdown-menu', preventOnFilter: false,
      sort: false, animation: 120, forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, delay: 120, delayOnTouchOnly: true,
      ghostClass: 'sortable-ghost', onEnd: event => moved(board, event),
    });
  }
}
