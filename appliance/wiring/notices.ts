import type { View } from "../model/contracts.ts";
import { headline } from "../model/headline.ts";
import type { NoticeBoard, Outlet, OutletWishes } from "../model/outlet.ts";
import type { Clock, Timer } from "../model/time.ts";
import { timeWords } from "../model/words.ts";
import { noticesOf, statusTopic, statusWords, type Tidings } from "../payload/notices.ts";

/** States follow at once; readings and ages are good enough this often. */
const soonMs = 500;
const everyMs = 30_000;
const mostIncidents = 200;

type Source = Pick<View, "site" | "version" | "inventory" | "latest" | "status" | "incidents">;

function tidingsOf({ site, version, inventory, latest, status, incidents }: Source): Tidings {
  const verdict = status.verdict();
  // What publishes by MQTT itself is known there already.
  const watched = inventory.devices().filter(({ source, approved }) => approved && source !== "mqtt");
  return {
    site,
    version,
    headline: {
      text: headline(verdict, { words: timeWords(site.timezone) }).text,
      state: verdict.state,
      sinceMs: verdict.sinceMs,
    },
    incidents: incidents.list({ state: "open", limit: mostIncidents }),
    devices: watched.map((device) => {
      const { state, sinceMs, sentence } = status.device(device.id);
      return { device, state, sinceMs, sentence, latest: latest.ofDevice(device.id) };
    }),
  };
}

export interface Notices extends NoticeBoard {
  /** Begins to look at what there is to tell. */
  start(source: Source): void;
  stop(): void;
}

/** Keeps what brokers are told of the site up to date, where somebody asked for it. */
export function createNoticeBoard(site: string, clock: Clock): Notices {
  const outlets = new Map<Outlet, OutletWishes>();
  let source: Source | undefined;
  let timer: Timer | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  const ends: (() => void)[] = [];
  const tell = () => {
    dueMs = Number.POSITIVE_INFINITY;
    if (!source || outlets.size === 0) return;
    const tidings = tidingsOf(source);
    for (const [outlet, wishes] of outlets) outlet.set(noticesOf(tidings, wishes));
    arm(everyMs);
  };
  const arm = (delayMs: number) => {
    if (!source || outlets.size === 0) return;
    const atMs = clock.monotonicMs() + delayMs;
    if (atMs >= dueMs) return;
    dueMs = atMs;
    timer?.cancel();
    timer = clock.timer(tell, delayMs);
  };
  const soon = () => arm(soonMs);
  return {
    site,
    status: { topic: statusTopic(site), ...statusWords },
    add(outlet, wishes) {
      outlets.set(outlet, wishes);
      soon();
      return () => void outlets.delete(outlet);
    },
    start(view) {
      source = view;
      ends.push(view.status.onChange(soon), view.incidents.onChange(soon), view.inventory.onChange(soon));
      soon();
    },
    stop() {
      timer?.cancel();
      for (const end of ends) end();
      source = undefined;
    },
  };
}
