import t from "tap";
import { naughtyView } from "../helpers/naughty-view.ts";
import { serve } from "../helpers/sample-serve.ts";

t.test("no name of a device becomes markup, anywhere", async (t) => {
  const view = naughtyView();
  const rows = view.inventory.devices();
  const url = await serve(t, view);
  const paths = [
    "/",
    "/devices",
    ...rows.flatMap(({ id }) => ["", "/sensors", "/events"].map((tab) => `/devices/${id}${tab}`)),
  ];
  for (const path of paths) {
    const answer = await fetch(url + path);
    const text = await answer.text();
    t.equal(answer.status, 200, path);
    t.notMatch(
      text,
      /<script(?!(?:\sdefer|\stype="module")?\ssrc="\/static\/)|<img|<svg\/onload|<hx-|<div hx-get=\/x|<!--/i,
      path,
    );
    t.notMatch(text, /x{201}|(?:😀){201}/u, `${path} is cut`);
    t.notMatch(text, /[^\P{Cc}\n\r\t]|\p{Cs}/u, `${path} has no control characters`);
  }
});
