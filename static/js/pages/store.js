/** Wires the shop's page: the range, the figures, what is unusual, the stream, and what is pushed. */

import { ConnectPanel } from "../lib/connect.js";
import { ConnectionChip } from "../lib/connection-chip.js";
import { byId, setText } from "../lib/dom.js";
import { onlyServer, outage } from "../lib/http.js";
import { Alerts } from "../lib/store-alerts.js";
import * as api from "../lib/store-api.js";
import { DeleteDialog } from "../lib/store-delete.js";
import { DemoButtons } from "../lib/store-demo.js";
import { FunnelPanel } from "../lib/store-funnel.js";
import { StoreKpis } from "../lib/store-kpis.js";
import { StoreLine } from "../lib/store-line.js";
import { PeopleDialog } from "../lib/store-people.js";
import { RangePicker } from "../lib/store-range.js";
import { SegmentCards } from "../lib/store-segments.js";
import { EventStream } from "../lib/store-stream.js";
import { TestEvents } from "../lib/store-try.js";
import { Refresher } from "../lib/viewer-refresh.js";

const { canWrite, isOwner } = byId("store").dataset;

let connected = false;

const chip = new ConnectionChip(byId("connection"));
const range = new RangePicker(byId("range"), () => changeRange());
const people = new PeopleDialog({ range: () => range.value });
const openPerson = (userId) => people.openPerson(userId);
const kpis = new StoreKpis();
const funnel = new FunnelPanel();
const segments = new SegmentCards((segment) => people.openSegment(segment));
const alerts = new Alerts({ canWrite: Boolean(canWrite), openPerson });
const connect = new ConnectPanel(byId("store"), "no-events");
const stream = new EventStream({ openPerson, began: () => connect.setEmpty(false) });

/** part → what to do with an answer about the range. */
const SHOWN = {
  stats: (answer) => {
    kpis.showStats(answer);
    funnel.showEvents(answer.event_types);
  },
  funnel: (answer) => {
    kpis.showFunnel(answer);
    funnel.show(answer, range.value);
  },
  segments: (answer) => segments.show(answer),
  anomalies: (answer) => alerts.show(answer, range.value),
};

// What is asked anew when something has happened: each at most so often (in seconds), and never while nobody looks.
const refresher = new Refresher({
  events: [2, loadEvents],
  stats: [1, () => load("stats")],
  funnel: [1, () => load("funnel")],
  segments: [2, () => load("segments")],
  anomalies: [2, () => load("anomalies")],
});

const line = new StoreLine({
  range: range.value,
  on: {
    pushed: (name, message) => PUSHED[name](message),
    state: showState,
    ask: () => refresher.poll("events"),
  },
});

/** Answers whether the server did. */
async function load(name) {
  const asked = range.value;
  return answered(async () => {
    const answer = await api[name](asked);
    if (asked === range.value) SHOWN[name](answer);
  });
}

async function loadEvents() {
  return answered(async () => {
    const { events, total } = await api.events({ limit: 100 });
    stream.add(events);
    showTotal(total);
  });
}

async function answered(ask) {
  try {
    await ask();
    byId("problem").hidden = true;
    return true;
  } catch (error) {
    onlyServer(error);
    line.setTrouble(outage(error));
    if (error.status && !outage(error)) {
      byId("problem").hidden = false;
      setText(byId("problem"), `The figures cannot be read right now: ${error.message}`);
    }
    return error.status > 0 && error.status < 500;
  }
}

function showTotal(total) {
  stream.setTotal(total);
  connect.setEmpty(total === 0 && stream.isEmpty);
}

const PUSHED = {
  initial_data: welcome,
  new_event: (event) => {
    const added = stream.add([event]);
    showTotal((stream.total ?? 0) + (event.is_bot ? 0 : added));
  },
  stats_update: (message) => {
    if (message.skipped) refresher.want("events"); // a burst: more than was pushed
    use("stats", message);
  },
  funnel_update: (message) => use("funnel", message),
  segmentation_update: (message) => use("segments", message),
  anomaly_update: (anomaly) => alerts.put(anomaly),
};

/** Everything about a range at once: to begin with, and after all was deleted. */
function welcome({ range: of, stats, funnel: steps, segmentation, anomalies, events }) {
  use("stats", { ...stats, range: of });
  use("funnel", { ...steps, range: of });
  use("segments", { ...segmentation, range: of });
  use("anomalies", { ...anomalies, range: of });
  stream.renew(events);
  if (!events.length) showTotal(0);
}

function use(name, message) {
  if (message.range === range.value) SHOWN[name](message);
}

function changeRange() {
  kpis.reset(range.value);
  funnel.showEvents(null);
  if (!line.setRange(range.value)) refresher.want("stats", "funnel", "segments", "anomalies");
}

/** While the line is down the page asks instead; what happened meanwhile is not told later, so all is asked anew. */
function showState(state) {
  chip.show(state);
  connected = state.kind === "connected";
  if (connected) refresher.want("events"); // the line tells the newest, but not how many there are
}

function deleted() {
  stream.clear();
  refresher.everything();
}

if (canWrite) new TestEvents(() => connected || refresher.everything());
if (isOwner) {
  new DemoButtons(() => refresher.everything());
  new DeleteDialog({ total: () => stream.total, deleted });
}

kpis.reset(range.value);
refresher.everything();
line.start();
