import type { StateSpan } from "../appliance/model/contracts.ts";
import { type Columns, withGapsOfSilence } from "../appliance/model/series.ts";
import type { DeviceId, State } from "../appliance/model/site.ts";
import { worse } from "../appliance/model/site.ts";
import type { TimeRange } from "../appliance/model/time.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { PageContext } from "./page.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What one slot of a strip shows; `none` before the device was known. */
type Slot = State | "none";

/** Last 24 hours in slots of 30 minutes, ending now. */
export function lastDay(nowMs: number): { range: TimeRange; slots: number } {
  const toMs = Math.ceil(nowMs / (hourMs / 2)) * (hourMs / 2);
  return { range: { fromMs: toMs - dayMs, toMs }, slots: 48 };
}

/** Last 30 days in slots of a day, ending now. */
export function lastMonth(nowMs: number): { range: TimeRange; slots: number } {
  const toMs = Math.ceil(nowMs / hourMs) * hourMs;
  return { range: { fromMs: toMs - 30 * dayMs, toMs }, slots: 30 };
}

/** The worst state of each slot. */
export function slotsOf(spans: readonly StateSpan[], range: TimeRange, count: number, nowMs: number): Slot[] {
  const slotMs = (range.toMs - range.fromMs) / count;
  const slots: Slot[] = Array.from({ length: count }, () => "none");
  for (const { state, fromMs, toMs } of spans) {
    const first = Math.max(0, Math.floor((fromMs - range.fromMs) / slotMs));
    const endMs = Math.min(toMs ?? nowMs, nowMs);
    const last = Math.min(count - 1, Math.ceil((endMs - range.fromMs) / slotMs) - 1);
    for (let index = first; index <= last; index++) {
      const known = slots[index];
      slots[index] = known === undefined || known === "none" ? state : worse(known, state);
    }
  }
  return slots;
}

/** Share of the known time that a device answered, 0 to 100; undefined when nothing is known. Planned work counts neither way. */
export function availability(
  spans: readonly StateSpan[],
  range: TimeRange,
  nowMs: number,
): number | undefined {
  let [good, bad] = [0, 0];
  for (const { state, fromMs, toMs } of spans) {
    const spanMs = Math.max(0, Math.min(toMs ?? nowMs, nowMs, range.toMs) - Math.max(fromMs, range.fromMs));
    if (state === "ok" || state === "warning") good += spanMs;
    if (state === "down" || state === "unreachable") bad += spanMs;
  }
  return good + bad > 0 ? (100 * good) / (good + bad) : undefined;
}

/** "99.97 %"; never rounded up to 100. */
export function percent(share: number | undefined): string {
  if (share === undefined) return "–";
  const digits = share === 100 ? 0 : share > 99 ? 2 : 1;
  const text = (Math.floor(share * 10 ** digits) / 10 ** digits).toFixed(digits);
  return `${text}\u00A0%`;
}

/** Of several strips the one of their group: down where all are, warning where some are. */
function merged(strips: readonly (readonly Slot[])[], count: number): Slot[] {
  return Array.from({ length: count }, (_, index) => {
    const here = strips.map((slots) => slots[index] ?? "none").filter((slot) => slot !== "none");
    const bad = here.filter((slot) => slot === "down" || slot === "unreachable");
    if (here.length === 0) return "none";
    if (bad.length > 0) return bad.length === here.length ? "down" : "warning";
    return here.reduce<State>((worst, slot) => worse(worst, slot as State), "ok");
  });
}

const heights: Readonly<Record<Slot, readonly [y: number, height: number]>> = {
  none: [22, 2],
  ok: [16, 8],
  warning: [9, 15],
  down: [0, 24],
  unknown: [14, 10],
  unreachable: [14, 10],
  maintenance: [12, 12],
};

/** Neighbouring slots of one state are drawn as one; the gaps between the cells are a mask of the style sheet. */
function runs(slots: readonly Slot[]): { slot: Slot; from: number; length: number }[] {
  const found: { slot: Slot; from: number; length: number }[] = [];
  for (const [index, slot] of slots.entries()) {
    const last = found.at(-1);
    if (last?.slot === slot) last.length += 1;
    else found.push({ slot, from: index, length: 1 });
  }
  return found;
}

/** The strip itself; height and shade say the state. `label` is read aloud, each run has its time as a title. */
export function strip(c: PageContext, slots: readonly Slot[], range: TimeRange, label: string): Html {
  const slotMs = (range.toMs - range.fromMs) / slots.length;
  const cells = runs(slots).map(({ slot, from, length }) => {
    const [y, height] = heights[slot];
    const start = c.words.moment(range.fromMs + from * slotMs, c.nowMs);
    const end = c.words.moment(Math.min(c.nowMs, range.fromMs + (from + length) * slotMs), c.nowMs);
    return html`<rect class="c-${slot}" x="${from * 4}" y="${y}" width="${length * 4}" height="${height}"><title>${c.t.plain(`state.${slot}`)}, ${start} – ${end}</title></rect>`;
  });
  return html`<svg class="strip strip-${slots.length}" viewBox="0 0 ${slots.length * 4} 24" preserveAspectRatio="none" role="img" aria-label="${label}" data-strip>${cells}</svg>`;
}

export interface Summary {
  readonly slots: Slot[];
  readonly share: number | undefined;
}

/** A device's strip and share over a range; kept for a minute. */
export function deviceSummary(
  c: PageContext,
  id: DeviceId,
  { range, slots }: { range: TimeRange; slots: number },
): Summary {
  const { sinceMs } = c.view.status.device(id);
  return c.memo(`strip/${id}/${range.fromMs}/${slots}/${sinceMs}`, 60_000, () => {
    const spans = c.view.status.spans(id, range);
    return {
      slots: slotsOf(spans, range, slots, c.nowMs),
      share: availability(spans, range, c.nowMs),
    };
  });
}

/** The same for a group of devices. */
export function groupSummary(
  c: PageContext,
  ids: readonly DeviceId[],
  span: { range: TimeRange; slots: number },
): Summary {
  const all = ids.map((id) => deviceSummary(c, id, span));
  const shares = all.map(({ share }) => share).filter((share) => share !== undefined);
  return {
    slots: merged(
      all.map(({ slots }) => slots),
      span.slots,
    ),
    share: shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / shares.length : undefined,
  };
}

/** The way of a line through columns scaled into a box; gaps stay gaps. */
export function linePath(
  columns: Columns,
  range: TimeRange,
  width: number,
  height: number,
): { path: string; last?: readonly [number, number] } {
  const values = Array.from(columns.avg);
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { path: "" };
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  const spread = high - low || Math.abs(high) || 1;
  let path = "";
  let pen = "M";
  let last: readonly [number, number] | undefined;
  for (const [index, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      pen = "M";
      continue;
    }
    const x = (((columns.timesMs[index] ?? 0) - range.fromMs) / (range.toMs - range.fromMs)) * width;
    const y = high === low ? height / 2 : height - ((value - low) / spread) * height;
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    last = [x, y];
    pen = "L";
  }
  return last ? { path, last } : { path };
}

/** A small line without axes; the value stands beside it as text. */
export function spark(columns: Columns, range: TimeRange): Html {
  const { path, last } = linePath(withGapsOfSilence(columns), range, 92, 16);
  if (!path) return html`<svg class="spark" viewBox="0 0 96 20" aria-hidden="true"></svg>`;
  return html`<svg class="spark" viewBox="-2 -2 96 20" aria-hidden="true"><path d="${path}"/>${last && html`<circle cx="${last[0].toFixed(1)}" cy="${last[1].toFixed(1)}" r="2"/>`}</svg>`;
}
