import t from "tap";
import { fitting } from "../../web/map/fit.ts";

t.test("a name is cut by its width, not by its letters", async (t) => {
  const leaf = { room: 160, size: 13 };
  t.equal(fitting("Illicit filters in Illfil", leaf), "Illicit filters in Illfil");
  const wide = fitting("YEALINK NETWORK TECHNOLOGY phone 50", leaf);
  t.match(wide, /^YEALINK NETWORK.*…$/);
  t.ok(wide.length < 19, wide);
  t.equal(fitting("会議室の無線アクセスポイント二号機", leaf), "会議室の無線アクセスポ…");
  t.ok(fitting("JL356A 2540-24G-PoE+-4SFP+", { room: 150, size: 12 }).length < 24);
  t.ok(
    fitting("Core switch in the rack", { room: 150, size: 14, isBold: true }).length <
      fitting("Core switch in the rack", { room: 150, size: 14 }).length,
  );
  t.equal(fitting("a\u0007b", leaf), "a b");
});
