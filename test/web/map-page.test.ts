import t from "tap";
import type { Device, PortId } from "../../appliance/model/site.ts";
import type { TopologyLink } from "../../appliance/model/topology.ts";
import { naughtyView } from "../helpers/naughty-view.ts";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

const page = async (url: string, path: string) => {
  const answer = await fetch(url + path);
  return { status: answer.status, text: await answer.text() };
};

t.test("the map and the list below it hold the same devices", async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { status, text } = await page(url, "/map");
  t.equal(status, 200);
  const [drawing = "", list = ""] = text.split('class="maplist"');
  const ids = (part: string) =>
    [...new Set([...part.matchAll(/href="\/devices\/([a-z0-9-]+)"/g)].map(([, id]) => id))].sort();
  const placed = ids(list.split("<h3>")[0] ?? "");
  t.ok(placed.length > 20, `${placed.length} devices`);
  t.strictSame(ids(drawing), placed);
  t.match(drawing, /class="wire [^"]*guess"/, "what was guessed is dashed");
  t.match(text, /Desk switch/, "a neighbour that is no device is shown");
});

t.test("what is behind a switch that is down is hatched, and says so in words", async (t) => {
  const view = sampleView();
  view.set("switch-2", "down");
  for (const { id, behind } of view.inventory.devices())
    if (behind === "switch-2") view.set(id, "unreachable");
  const { text } = await page(await serve(t, view), "/map");
  t.match(text, /<rect class="cutoff"/);
  t.match(text, /aria-label="Switch 2: Down"/);
  t.match(text, /Not reachable/);
});

t.test("what answers is not hatched, though the switch before it is silent", async (t) => {
  const view = sampleView();
  view.set("switch-2", "down");
  for (const { id, behind } of view.inventory.devices()) if (behind === "switch-2") view.set(id, "ok");
  const { text } = await page(await serve(t, view), "/map");
  const [drawing = ""] = text.split('class="legend maplegend"');
  t.match(drawing, /aria-label="Switch 2: Down"/);
  t.notMatch(drawing, /<rect class="cutoff"/);
});

t.test("the map of a moment takes the states of that moment", async (t) => {
  const view = sampleView();
  view.set("switch-2", "down");
  const { status, text } = await page(await serve(t, view), "/map?ago=24h");
  t.equal(status, 200);
  t.match(text, /had their place on the map/);
  t.notMatch(text, /aria-label="Switch 2: Down"/);
});

t.test("without any link the map says what will be there", async (t) => {
  const view = sampleView();
  view.replace(
    view.inventory.devices().map(({ behind: _behind, ...device }): Device => ({ ...device, ports: [] })),
  );
  const { text } = await page(await serve(t, view), "/map");
  t.match(text, /The map draws itself/);
});

t.test("no text of a neighbour, port or device becomes markup", async (t) => {
  const view = naughtyView();
  const [first, ...rest] = view.inventory.devices();
  if (!first) throw new Error("no devices");
  const names = [first, ...rest].map(({ name }) => name);
  const ports = names.map((name, at) => ({
    id: `p${at}` as PortId,
    ifIndex: at + 1,
    ifName: name,
    ifAlias: name,
    ifDescr: name,
    operStatus: "up" as const,
  }));
  const top: Device = { ...first, kind: "switch", ports };
  view.replace([
    top,
    ...rest.map((device): Device => ({ ...device, behind: top.id, kind: "printer", ports })),
  ]);
  const strangers = names.map(
    (name, at): TopologyLink => ({
      id: `stranger ${at}`,
      from: { device: top.id, port: `p${at}` as PortId },
      to: { neighbour: `heard:${name}`, portName: name },
      evidence: ["lldp"],
      confidence: "sure",
      firstMs: 0,
      lastMs: 0,
      neighbour: {
        key: `heard:${name}`,
        via: "lldp",
        name,
        description: name,
        addresses: [],
        isBridge: true,
        at: { device: top.id },
      },
    }),
  );
  const known = view.topology;
  const topology = known && {
    ...known,
    links: () => [...known.links(), ...strangers],
    linksOf: (id: Device["id"]) => [...known.linksOf(id), ...(id === top.id ? strangers : [])],
  };
  const url = await serve(t, { ...view, ...(topology ? { topology } : {}) });
  for (const path of [
    "/map",
    `/devices/${top.id}/neighbours`,
    `/devices/${top.id}/ports`,
    `/devices/${top.id}/ports/p0`,
  ]) {
    const { status, text } = await page(url, path);
    t.equal(status, 200, path);
    t.notMatch(
      text,
      /<script(?!(?:\sdefer|\stype="module")?\ssrc="\/static\/)|<img|<svg\/onload|<hx-|<div hx-get=\/x|<!--/i,
      path,
    );
    t.notMatch(text, /x{201}|(?:😀){201}/u, `${path} is cut`);
    t.notMatch(text, /[^\P{Cc}\n\r\t]|\p{Cs}/u, `${path} has no control characters`);
  }
});
