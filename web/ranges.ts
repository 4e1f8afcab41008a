import { parseDeviceId } from "../appliance/model/site.ts";
import type { TimeRange } from "../appliance/model/time.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { PageContext } from "./page.ts";

const hourMs = 3_600_000;

/** The spans of time that a chart can show. */
export const ranges = [
  { name: "1h", ms: hourMs },
  { name: "6h", ms: 6 * hourMs },
  { name: "24h", ms: 24 * hourMs },
  { name: "7d", ms: 7 * 24 * hourMs },
  { name: "30d", ms: 30 * 24 * hourMs },
] as const;

export interface ShownRange extends TimeRange {
  readonly name: string;
}

/** 24 hours; shorter while the device is not known that long, or its lines would be dots at the edge. */
function usual(c: PageContext): (typeof ranges)[number] {
  const device = parseDeviceId(c.params.id ?? "");
  const sinceMs = device === undefined ? undefined : c.view.inventory.device(device)?.firstSeenMs;
  const knownMs = c.nowMs - (sinceMs ?? 0);
  return ranges.slice(0, 3).find(({ ms }) => knownMs < ms) ?? ranges[2];
}

/** The span of the address (`?range=6h`), up to now. */
export function shownRange(c: PageContext): ShownRange {
  const { name, ms } = ranges.find((range) => range.name === c.query.range) ?? usual(c);
  return { name, fromMs: c.nowMs - ms, toMs: c.nowMs };
}

/** Links to the same page with another span. */
export function rangeLinks(c: PageContext, path: string): Html {
  const current = shownRange(c).name;
  const links = ranges.map(({ name }) => {
    const query = new URLSearchParams({ ...c.query, range: name });
    return html`<li><a href="${path}?${query.toString()}"${name === current && html` aria-current="true"`}><span class="hidden">${c.t("range.last")} </span>${name.replace(/(\d+)/, "$1\u00A0")}</a></li>`;
  });
  return html`<ul class="ranges" aria-label="${c.t.plain("range.title")}">${links}</ul>`;
}
