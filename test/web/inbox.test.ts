import t from "tap";
import { sampleCandidates, sampleDiscovery } from "../helpers/discovery/sample.ts";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

/** The page over a discovery of its own, and a form as a browser without script sends it. */
async function inbox(t: Parameters<typeof serve>[0], change: Parameters<typeof sampleDiscovery>[1] = {}) {
  const view = sampleView();
  const discovery = sampleDiscovery(sampleCandidates(view.clock.nowMs()), change);
  const url = await serve(t, { ...view, discovery });
  const page = async (path = "/inbox") => {
    const answer = await fetch(url + path);
    return { text: await answer.text(), cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "" };
  };
  const post = async (name: string, fields: Readonly<Record<string, string>>) => {
    const { text, cookie } = await page();
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? "";
    return fetch(`${url}/inbox/${name}`, {
      method: "POST",
      body: new URLSearchParams({ csrf, ...fields }),
      headers: { cookie, origin: url },
      redirect: "manual",
    });
  };
  return { discovery, page, post, view };
}

t.test("new devices with what they look like and why, the sure ones ticked", async (t) => {
  const { page } = await inbox(t);
  const { text } = await page();
  t.match(text, /4 new devices found on your network\./);
  t.match(text, /Nothing is watched until you approve it/);
  for (const [id, isTicked] of [
    ["print001", true],
    ["accessp1", true],
    ["climate1", true],
    ["mystery1", false],
    ["visitor1", false],
  ] as const)
    t.match(text, new RegExp(`name="pick-${id}" value="1"${isTicked ? " checked" : ">"}`), id);
  t.match(text, /2 passing visitors\?/);
  t.match(text, /SNMP communities \(<bdi>office<\/bdi>\) go in clear/);
  t.match(text, /SNMP \(office\)/);
  t.match(text, /Gone for 30 days/);
});

t.test("without a community nothing is said of one", async (t) => {
  const { page } = await inbox(t, { clear: [] });
  t.notMatch((await page()).text, /go in clear/);
});

t.test("a form approves what is ticked under the names and kinds given, and leads to them", async (t) => {
  const { discovery, post } = await inbox(t);
  const answer = await post("approve", {
    "pick-print001": "1",
    "name-print001": " Front desk ",
    "kind-print001": "printer",
    "name-accessp1": "not ticked",
    "pick-mystery1": "1",
    "name-mystery1": "PC",
    "kind-mystery1": "no-such-kind",
  });
  t.equal(answer.status, 303);
  t.equal(answer.headers.get("location"), "/inbox?done=print001.mystery1");
  t.strictSame(discovery.asked, [
    "approve print001 Front desk printer by Somebody at the box",
    "approve mystery1 PC undefined by Somebody at the box",
  ]);
});

t.test("what is watched now is linked", async (t) => {
  const { page } = await inbox(t);
  t.match(
    (await page("/inbox?done=switch-1.nobody")).text,
    /Watched from now on: <a href="\/devices\/switch-1">/,
  );
  t.notMatch((await page("/inbox?done=nobody")).text, /Watched from now on/);
});

t.test("ignoring, all visitors at once, and taking that back", async (t) => {
  const { discovery, post, page } = await inbox(t);
  t.equal((await post("ignore", { "pick-mystery1": "1" })).status, 303);
  t.equal((await post("ignorepassing", {})).status, 303);
  t.equal((await post("restore", { "pick-ignored1": "1" })).status, 303);
  t.strictSame(discovery.asked, [
    "ignore mystery1",
    "ignore visitor1",
    "ignore visitor2",
    "restore ignored1",
  ]);
  t.match((await page()).text, /3 ignored/);
});

t.test("nothing ticked, a form of another site, and what somebody else decided meanwhile", async (t) => {
  const { discovery, post } = await inbox(t);
  t.equal((await post("approve", {})).status, 422);
  t.equal((await post("approve", { csrf: "wrong", "pick-print001": "1" })).status, 403);
  t.equal((await post("approve", { "pick-vanished": "1" })).status, 303);
  t.strictSame(discovery.asked, []);
});

t.test("a hundred rows fit into one form", async (t) => {
  const { post, discovery } = await inbox(t);
  const fields: Record<string, string> = { "pick-print001": "1", "name-print001": "Printer" };
  for (let row = 0; row < 99; row++)
    for (const part of ["pick", "name", "kind"]) fields[`${part}-row${row}`] = "x";
  t.equal((await post("approve", fields)).status, 303);
  t.equal(discovery.asked.length, 1);
});

t.test("a scan shows how far it is, how many packets and how long still", async (t) => {
  const { discovery, page, post, view } = await inbox(t);
  t.equal((await post("scan", {})).status, 303);
  t.strictSame(discovery.asked, ["scan"]);
  const startedMs = view.clock.nowMs();
  const common = {
    startedMs,
    running: ["sweep"],
    done: 12,
    total: 40,
    packets: 312,
    networks: ["10.0.0.0/24"],
    found: 14,
  };
  discovery.progressIs({ ...common, remainingMs: 28_400, problems: [] });
  const { text } = await page();
  t.match(text, /Looking through 10\.0\.0\.0\/24: 30 % done, about 29 seconds left/);
  t.match(text, /312 packets so far, never more than 50 a second; something at 14 addresses/);
  t.match(text, /<progress value="0.3" max="1"/);
  t.notMatch(text, /Scan now/, "one at a time");
  await post("scan", {});
  t.equal(discovery.asked.length, 1);
  discovery.progressIs({ ...common, endedMs: startedMs, problems: ["Install <fping>."] });
  t.match((await page()).text, /Install &lt;fping&gt;\.[\s\S]*Scan now/);
});

t.test("texts from the network are escaped", async (t) => {
  const view = sampleView();
  const bad = `"><img src=x onerror=alert(1)>`;
  const [first] = sampleCandidates(view.clock.nowMs());
  const discovery = sampleDiscovery(
    [
      {
        ...(first as NonNullable<typeof first>),
        name: bad,
        reasons: [bad],
        maker: bad,
        identity: { vendor: bad, model: bad },
      },
    ],
    { changes: [{ kind: "new", atMs: view.clock.nowMs(), name: bad, text: bad }] },
  );
  const url = await serve(t, { ...view, discovery });
  t.notMatch(await (await fetch(`${url}/inbox`)).text(), /<img/);
});

t.test("from elsewhere nobody sees it", async (t) => {
  const url = await serve(t, sampleView(), { isLocal: () => false });
  t.equal((await fetch(`${url}/inbox`)).status, 403);
  t.notMatch(await (await fetch(`${url}/`)).text(), /inbox/i);
});
