// A calendar: dragging moves and stretches what is there. What it shows comes from data-feed, changes go to data-move;
// moments are those on the person's wall, without an offset. On a phone the list stays unless a look was chosen.
import {createCalendar, DayGrid, Interaction, List, ResourceTimeline, TimeGrid} from '@event-calendar/core';
import {send, texts} from '../requests.js';
import {toast} from '../toasts.js';

const VIEWS = {month: 'dayGridMonth', week: 'timeGridWeek', day: 'timeGridDay', timeline: 'resourceTimelineWeek'};
const NARROW = 700;
const CLOCK = {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'};

const two = number => String(number).padStart(2, '0');
const wall = date => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;

// The library marks tables up wrongly; plain groups say the same.
function mended(root, label) {
  const wrong = '[role=table],[role=rowgroup],[role=row],[role=cell],[role=rowheader],[role=columnheader],.ec[role=list],.ec [role=listitem]';
  const mend = () => {
    for (const part of root.querySelectorAll(wrong)) for (const name of ['role', 'aria-colindex', 'aria-rowindex']) part.removeAttribute(name);
    for (const part of root.querySelectorAll('.ec-main:not([role=group])')) {
      part.tabIndex = 0;
      part.setAttribute('role', 'group');
      part.setAttribute('aria-label', label);
    }
  };
  new MutationObserver(mend).observe(root, {subtree: true, childList: true, attributes: true, attributeFilter: ['role']});
  mend();
}

async function feed(address, {start, end}) {
  const url = new URL(address, location.href);
  url.searchParams.set('from', wall(start));
  url.searchParams.set('to', wall(end));
  const answer = await send(url);
  if (!answer.ok) {
    toast(texts().failed, 'error');
    return [];
  }
  return (await answer.json()).items;
}

async function changed(root, info) {
  const {event} = info;
  const body = new URLSearchParams({
    id: event.extendedProps.record, version: event.extendedProps.version, starts_at: wall(event.start), ends_at: wall(event.end ?? event.start), all_day: event.allDay,
  });
  const answer = await send(root.dataset.move, {method: 'POST', body}).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (!answer?.ok) {
    info.revert();
    toast(said?.message ?? texts().failed, 'error');
    return;
  }
  event.extendedProps.version = said.version;
  toast(said.message, said.conflict ? 'warning' : 'success');
}

function content(info) {
  const {event, timeText} = info;
  const box = document.createElement(event.extendedProps.url ? 'a' : 'span');
  if (event.extendedProps.url) {
    box.href = event.extendedProps.url;
    box.draggable = false;
  }
  box.className = 'calendar-event';
  const time = document.createElement('span');
  time.className = 'calendar-time';
  time.textContent = timeText;
  box.append(time, ' ', event.title);
  if (event.extendedProps.place) box.append(` (${event.extendedProps.place})`);
  return {domNodes: [box]};
}

export default function start(root) {
  const data = root.dataset;
  if (data.look === 'agenda' || (!data.chosen && innerWidth < NARROW)) {
    root.dataset.shown = 'list';
    return;
  }
  const place = root.querySelector('[data-place]');
  const label = root.getAttribute('aria-label');
  root.querySelector('[data-list]').hidden = true;
  place.hidden = false;
  createCalendar(place, [DayGrid, TimeGrid, List, ResourceTimeline, Interaction], {
    view: VIEWS[data.look] ?? VIEWS.month,
    date: data.day,
    locale: document.documentElement.lang,
    firstDay: 1,
    eventTimeFormat: CLOCK,
    slotLabelFormat: CLOCK,
    dayHeaderFormat: data.look === 'month' ? {weekday: 'short'} : {weekday: 'short', day: 'numeric', month: 'short'},
    headerToolbar: {start: '', center: '', end: ''},
    height: data.look === 'month' ? undefined : '70vh',
    scrollTime: '07:00:00',
    slotDuration: data.look === 'timeline' ? '01:00' : '00:30',
    nowIndicator: true,
    dayMaxEvents: true,
    eventLongPressDelay: 250,
    selectLongPressDelay: 250,
    selectable: Boolean(data.new),
    resources: JSON.parse(data.resources || '[]'),
    eventSources: [{events: range => feed(data.feed, range)}],
    eventContent: content,
    eventTextColor: '#ffffff',
    eventDrop: info => changed(root, info),
    eventResize: info => changed(root, info),
    select: info => { location.href = `${data.new}&starts_at=${wall(info.start)}&ends_at=${wall(info.end)}&all_day=${info.allDay}`; },
    loading: busy => { if (!busy) root.dataset.loaded = 'true'; },
  });
  mended(place, label);
}
