import t from "tap";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

const problem = {
  part: "configuration",
  what: "a newer configuration was refused (line 3 <b>10.0.0.9</b>)",
  remedy: "Correct the file.",
};
const view = () => ({ ...sampleView(), health: { check: () => ({ ok: true, problems: [problem] }) } });

t.test("the page for everybody says that the monitor has a problem, without details", async (t) => {
  const url = await serve(t, view(), { isLocal: () => false });
  const text = await (await fetch(`${url}/`)).text();
  t.match(text, /The monitor itself has a problem: configuration\./);
  t.notMatch(text, /10\.0\.0\.9|Correct the file/);
  const refused = await (await fetch(`${url}/devices`)).text();
  t.notMatch(refused, /10\.0\.0\.9|Correct the file/);
});

for (const path of ["/", "/devices", "/devices/switch-1", "/incidents"])
  t.test(`from the box itself ${path} says what it is and what helps, once`, async (t) => {
    const url = await serve(t, view());
    const text = await (await fetch(url + path)).text();
    t.equal(text.split("Correct the file.").length, 2);
    t.match(text, /a newer configuration was refused/);
    t.notMatch(text, /<b>10/);
  });

t.test("a healthy monitor says nothing of itself", async (t) => {
  const url = await serve(t);
  for (const path of ["/", "/devices"]) t.notMatch(await (await fetch(url + path)).text(), /monitor itself/);
});
