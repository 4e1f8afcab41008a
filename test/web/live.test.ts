import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import t from "tap";
import { html } from "../../web/html.ts";
import { createLive, parseStateId, stateId, tagsOf } from "../../web/live.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { sampleView } from "../helpers/sample-view.ts";

/** A response that keeps what is written to it. */
function fakeResponse() {
  const written: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writableEnded: false,
    written,
    writeHead() {},
    write: (text: string) => written.push(text),
    end() {
      response.writableEnded = true;
      response.emit("close");
    },
  });
  return response;
}

function setUp(options: { maxStreams?: number } = {}) {
  const clock = fakeClock();
  const view = sampleView({ clock });
  const shown = { headline: "good", problems: "none" };
  let renders = 0;
  const live = createLive(view, { ...options, checkedAt: () => "10:42:31" });
  const source = (key = "status") => ({
    key,
    async render() {
      renders += 1;
      return { headline: html`${shown.headline}`, problems: html`${shown.problems}` };
    },
  });
  const have = async (key?: string) => stateId(tagsOf(await source(key).render()));
  const open = (response: ReturnType<typeof fakeResponse>, id?: string, key?: string) =>
    live.open(response as unknown as ServerResponse, source(key), id);
  return { clock, view, shown, live, have, open, renders: () => renders };
}

const messages = (response: ReturnType<typeof fakeResponse>) =>
  response.written.filter((text) => text.startsWith("id:"));
const beats = (response: ReturnType<typeof fakeResponse>) =>
  response.written.filter((text) => text.startsWith("event: heartbeat"));

t.test("a page that has everything gets a heartbeat and no parts", async (t) => {
  const { clock, open, have } = setUp();
  const response = fakeResponse();
  open(response, await have());
  await clock.advance(0);
  t.same(response.written, ["event: heartbeat\ndata: 10:42:31\n\n"]);
});

t.test("a page without a state gets all parts, with the id of the state", async (t) => {
  const { clock, open, have } = setUp();
  const response = fakeResponse();
  open(response);
  await clock.advance(0);
  t.equal(messages(response).length, 1);
  t.match(messages(response)[0], 'data: <div id="headline" hx-swap-oob="innerMorph">good</div>');
  t.match(messages(response)[0], `id: ${await have()}\n`);
});

t.test("only what changed is sent", async (t) => {
  const { clock, open, have, shown, view } = setUp();
  const response = fakeResponse();
  open(response, await have());
  await clock.advance(1_000);
  shown.problems = "one\nmore";
  view.set("switch-1", "down");
  await clock.advance(1_000);
  t.equal(messages(response).length, 1);
  t.notMatch(messages(response)[0], 'headline" hx-swap-oob');
  t.match(messages(response)[0], 'data: <div id="problems" hx-swap-oob="innerMorph">one\ndata: more</div>\n');
});

t.test("many changes make at most one message a second", async (t) => {
  const { clock, open, have, shown, view } = setUp();
  const response = fakeResponse();
  open(response, await have());
  await clock.advance(2_000);
  for (let count = 0; count < 50; count++) {
    shown.problems = `change ${count}`;
    view.set("switch-1", count % 2 === 0 ? "down" : "ok");
    await clock.advance(100);
  }
  await clock.advance(1_000);
  t.ok(messages(response).length <= 7, `${messages(response).length} messages in 6 s`);
  t.match(messages(response).at(-1), "change 49", "the last state arrives");
});

t.test("a heartbeat comes every 15 seconds and renews numbers that nobody announced", async (t) => {
  const { clock, open, have, shown } = setUp();
  const response = fakeResponse();
  open(response, await have());
  shown.problems = "5 minutes";
  await clock.advance(46_000);
  t.equal(beats(response).length, 4);
  t.equal(messages(response).length, 1);
});

t.test("a page that comes back gets what it missed and no more", async (t) => {
  const { clock, open, have, shown, view } = setUp();
  const first = fakeResponse();
  open(first, await have());
  await clock.advance(0);
  const lastId = await have();
  first.end();
  shown.headline = "bad";
  view.set("switch-1", "down");
  await clock.advance(5_000);
  const second = fakeResponse();
  open(second, lastId);
  await clock.advance(0);
  t.equal(messages(second).length, 1);
  t.match(messages(second)[0], ">bad</div>");
  t.notMatch(messages(second)[0], 'id="problems"');
});

t.test("streams that show the same are drawn once", async (t) => {
  const { clock, open, have, view, renders } = setUp();
  const id = await have();
  for (let count = 0; count < 10; count++) open(fakeResponse(), id);
  await clock.advance(2_000);
  const before = renders();
  view.set("switch-1", "down");
  await clock.advance(1_000);
  t.equal(renders() - before, 1);
});

t.test("the forty-first stream is refused; one that ends makes room", async (t) => {
  const { open, live } = setUp();
  const responses = Array.from({ length: 40 }, () => fakeResponse());
  for (const response of responses) t.ok(open(response));
  t.notOk(open(fakeResponse()));
  responses[0]?.end();
  t.equal(live.count(), 39);
  t.ok(open(fakeResponse()));
});

t.test("a page that does not read is not given more until it does", async (t) => {
  const { clock, open, have, shown, view } = setUp();
  const response = fakeResponse();
  open(response, await have());
  await clock.advance(1_000);
  response.writableLength = 1_000_000;
  shown.headline = "bad";
  view.set("switch-1", "down");
  await clock.advance(1_000);
  t.equal(messages(response).length, 0);
  response.writableLength = 0;
  view.set("switch-1", "ok");
  await clock.advance(1_000);
  t.match(messages(response)[0], ">bad</div>");
});

t.test("close ends the streams, and later ones are refused", async (t) => {
  const { open, live } = setUp();
  const response = fakeResponse();
  open(response);
  live.close();
  t.ok(response.writableEnded);
  t.notOk(open(fakeResponse()));
});

t.test("a state id is read back; anything else counts as nothing", async (t) => {
  const tags = new Map([["headline", "abcd_-12"]]);
  t.same([...parseStateId(stateId(tags))], [...tags]);
  for (const bad of [undefined, "", "x", "headline.short", "<b>.abcdefgh", "a".repeat(5_000)])
    t.equal(parseStateId(bad).size, 0);
});
