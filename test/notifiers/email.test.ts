import t, { type Test } from "tap";
import type { OutMessage } from "../../appliance/model/contracts.ts";
import { notifier as plugin } from "../../appliance/notifiers/email.ts";
import { type Mail, mailSink, sampleMessage } from "../helpers/receivers.ts";

type Options = Parameters<typeof mailSink>[1];

async function sent(t: Test, message: OutMessage, options?: Options, settings: object = {}) {
  const sink = await mailSink(t, options);
  const notifier = plugin.create(
    plugin.config.parse({
      type: "email",
      host: "127.0.0.1",
      port: sink.port,
      tls: "none",
      from: "box@example.org",
      to: ["it@example.org", "anna@example.org"],
      ...settings,
    }),
  );
  const error = await notifier
    .send(message, { signal: new AbortController().signal })
    .catch((e: unknown) => e);
  return { mail: sink.mails[0], error, sink };
}

/** Headers by lower-case name, and the body with soft line breaks undone. */
function parsed(mail: Mail | undefined) {
  const [head = "", ...body] = (mail?.text ?? "").split("\n\n");
  const headers = new Map(
    head
      .replace(/\n[ \t]+/g, " ")
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  const text = body
    .join("\n\n")
    .replace(/=\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { headers, text };
}

t.test("a mail says what, since when, which device, why, and where to look", async (t) => {
  const { mail } = await sent(t, sampleMessage());
  const { headers, text } = parsed(mail);
  t.equal(headers.get("subject"), "Switch 2 does not answer, since 10:42.");
  t.equal(headers.get("message-id"), "<office-214-k3x9-1-opened-it@example.org>");
  t.equal(headers.get("auto-submitted"), "auto-generated");
  t.equal(headers.get("to"), "it@example.org, anna@example.org");
  t.match(headers.get("content-type"), "text/plain");
  t.equal(
    text.trim(),
    [
      "Switch 2 does not answer, since 10:42.",
      "",
      "Since:             2 Mar 2026 10:42:05 CET",
      "Device:            Switch 2",
      "Address:           10.0.0.12",
      "Cannot be reached: 2 more devices",
      "Office:            9 devices on Switch 2 cannot be reached since 10:42.",
      "",
      "Switch 2 does not answer.",
      "  ping: no answer to 3 requests (3 in a row)",
      "",
      "http://box.example/incidents/214",
      "",
      "Porchlight at Office",
    ].join("\n"),
  );
});

t.test("the end of a problem says how long it lasted", async (t) => {
  const { incident } = sampleMessage();
  const endedMs = incident.startedMs + 12 * 60_000;
  const { mail } = await sent(
    t,
    sampleMessage({ change: "closed", incident: { ...incident, state: "closed", endedMs } }),
  );
  const { headers, text } = parsed(mail);
  t.equal(headers.get("subject"), "Over after 12 minutes: Switch 2 does not answer.");
  t.match(text, /^Until: +2 Mar 2026 10:54:05 CET$/m);
});

t.test("a subject from a device adds no header", async (t) => {
  const { incident } = sampleMessage();
  const summary = "Printer\r\nBcc: all@example.org\r\n\r\n<html>";
  const { mail } = await sent(t, sampleMessage({ incident: { ...incident, summary } }));
  const { headers } = parsed(mail);
  t.notOk(headers.has("bcc"));
  t.match(headers.get("subject"), "Printer Bcc: all@example.org <html>");
  t.same(mail?.commands.filter((line) => line.startsWith("RCPT")).length, 2);
});

t.test("addresses that carry more than an address are refused in the settings", async (t) => {
  const settings = {
    type: "email",
    host: "mail.example.org",
    from: "box@example.org",
    to: ["it@example.org"],
  };
  t.ok(plugin.config.parse(settings));
  for (const bad of [
    "it@example.org\r\nBcc: x@example.org",
    "it@example.org, x@example.org",
    "it",
    "a b@c.d",
    "",
  ])
    t.throws(() => plugin.config.parse({ ...settings, to: [bad] }), bad);
  t.throws(() => plugin.config.parse({ ...settings, to: [] }));
});

const answers = [
  { name: "greylisting", answers: { RCPT: "451 4.7.1 greylisted" }, retryable: true },
  { name: "no such mailbox", answers: { RCPT: "550 5.1.1 no such user" }, retryable: false },
  { name: "too busy for anybody", answers: { EHLO: "421 too busy", HELO: "421 too busy" }, retryable: true },
  { name: "refused after the text", answers: { DATA: "554 no" }, retryable: false },
];
for (const { name, answers: wrong, retryable } of answers) {
  t.test(`${name}: ${retryable ? "worth" : "not worth"} another try`, async (t) => {
    const { error } = await sent(t, sampleMessage(), { answers: wrong });
    t.match(error, { name: "NotifyError", retryable, reached: true });
  });
}

t.test("a wrong password is not tried again and not said", async (t) => {
  const { error } = await sent(
    t,
    sampleMessage(),
    { answers: { AUTH: "535 5.7.8 wrong" } },
    { user: "box", password: "hunter2" },
  );
  t.match(error, { name: "NotifyError", retryable: false });
  t.notMatch((error as Error).message, /hunter2/);
});

t.test("a server that offers no encryption gets nothing when it is asked for", async (t) => {
  const { error, sink } = await sent(
    t,
    sampleMessage(),
    {},
    { tls: "starttls", user: "box", password: "hunter2" },
  );
  t.match(error, { name: "NotifyError" });
  t.equal(sink.mails.length, 0);
});
