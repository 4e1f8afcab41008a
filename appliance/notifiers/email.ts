import { createTransport, type SendMailOptions } from "nodemailer";
import { z } from "zod";
import { host, port, secret } from "../config/fields.ts";
import type { NotifierPlugin, OutMessage } from "../model/contracts.ts";
import { NotifyError } from "../model/errors.ts";
import { messageText } from "../model/message.ts";
import { cleanText } from "../model/words.ts";

const address = () =>
  z
    .string({ error: "expected a mail address" })
    .max(254)
    .regex(/^[^\s@<>,;:"\p{C}]+@[^\s@<>,;:"\p{C}]+$/u, {
      error: "expected a mail address such as it@example.org",
    });

const config = z.strictObject({
  type: z.literal("email"),
  host: host().describe("The mail server that takes our messages."),
  port: port().prefault(587).describe("Its port: 587 with starttls, 465 with tls, 25 with none."),
  tls: z
    .enum(["starttls", "tls", "none"], { error: "expected starttls, tls or none" })
    .prefault("starttls")
    .describe("How the connection is protected; starttls is refused when the server does not offer it."),
  user: z.string().min(1).max(254).optional().describe("User name, where the server asks for one."),
  password: secret().optional().describe("Its password."),
  from: address().describe("Sender."),
  to: z
    .array(address(), { error: "expected a list of mail addresses" })
    .min(1, { error: "expected at least one mail address" })
    .max(50)
    .describe("Who is told."),
});
type Settings = z.infer<typeof config>;

/** The server was not reached at all, as the system names it. */
const unreached = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ETIMEDOUT",
]);

/** What nodemailer adds to its errors. */
interface MailError {
  readonly code?: string;
  readonly originalCode?: string;
  readonly timeoutType?: string;
  readonly responseCode?: number;
  readonly message?: string;
}

function transportOf(settings: Settings) {
  const { tls, user, password } = settings;
  return createTransport({
    host: settings.host,
    port: settings.port,
    secure: tls === "tls",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    // Without these a server that accepts and says nothing would hold the connection for minutes.
    dnsTimeout: 4_000,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 10_000,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === undefined ? {} : { auth: { user, pass: password?.reveal() ?? "" } }),
  });
}

function mailOf(message: OutMessage, { from, to }: Settings): SendMailOptions {
  const { subject, facts, evidence, link } = messageText(message);
  const width = Math.max(...facts.map(([label]) => label.length)) + 2;
  const lines = [
    subject,
    "",
    ...facts.map(([label, value]) => `${`${label}:`.padEnd(width)}${value}`),
    ...(evidence.length > 0 ? ["", ...evidence] : []),
    ...(link === undefined ? [] : ["", link]),
    "",
    `Porchlight at ${message.site.name}`,
  ];
  // RFC 5322 §3.6.4: the same for each try, so that a second copy is known as one.
  const left = message.id.replace(/[^a-zA-Z0-9.-]/g, "-");
  const right = from.split("@")[1] ?? "localhost";
  return {
    from,
    to: [...to],
    subject,
    text: lines.join("\n"),
    messageId: `<${left}@${right}>`,
    // RFC 3834: no vacation notes in return.
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

/** RFC 5321 §4.2.1: 4yz is worth another try, 5yz (wrong credentials, 535, among them) is for a person to mend. */
function asNotifyError(error: unknown): NotifyError {
  const { code = "", originalCode = "", timeoutType, responseCode, message } = error as MailError;
  const text = cleanText(`the mail server cannot be told: ${message ?? String(error)}`, 300);
  if (typeof responseCode === "number" && responseCode > 0)
    return new NotifyError(text, responseCode < 500, { cause: error });
  if (["EAUTH", "EREQUIRETLS", "EENVELOPE", "EMESSAGE"].includes(code))
    return new NotifyError(text, false, { cause: error });
  const isUnreached = code === "EDNS" || timeoutType === "CONNECT_TIMEOUT" || unreached.has(originalCode);
  return new NotifyError(text, true, { cause: error, reached: !isUnreached });
}

export const notifier = {
  type: "email",
  summary: "Tells by e-mail, through a mail server.",
  config,
  create: (settings: Settings) => ({
    async send(message, { signal }) {
      const transport = transportOf(settings);
      const cut = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      try {
        // Its own limits close the connection of one that was cut off.
        await Promise.race([transport.sendMail(mailOf(message, settings)), cut]);
      } catch (error) {
        throw error instanceof NotifyError ? error : asNotifyError(error);
      } finally {
        transport.close();
      }
    },
  }),
} satisfies NotifierPlugin<Settings>;
