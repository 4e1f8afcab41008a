import { type Incident, sentenceSinceMs } from "./alert.ts";
import type { OutMessage } from "./contracts.ts";
import { cleanText, durationWords, plural, timeWords } from "./words.ts";

/** A message in plain words, for channels that show text. Not escaped; one line each, no control characters. */
export interface MessageText {
  /** One sentence: what is wrong, again or over. At most 140 characters. */
  readonly subject: string;
  /** Label and value, in the order of reading. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly evidence: readonly string[];
  /** The page of the incident, where the site says its address. */
  readonly link?: string;
}

const subjectLength = 140;

export function messageText(message: OutMessage): MessageText {
  const { incident, site, change, deviceName, deviceAddress, headline } = message;
  const words = timeWords(site.timezone);
  const facts: [string, string][] = [
    ["Since", words.exact(incident.endedMs === undefined ? sentenceSinceMs(incident) : incident.startedMs)],
  ];
  if (incident.endedMs !== undefined) {
    facts.push(["Until", words.exact(incident.endedMs)]);
    facts.push(["Lasted", durationWords(incident.endedMs - incident.startedMs)]);
  }
  facts.push(["Device", cleanText(deviceName)]);
  if (deviceAddress !== undefined) facts.push(["Address", cleanText(deviceAddress)]);
  if (incident.affected.length > 0)
    facts.push(["Cannot be reached", plural(incident.affected.length, "more device")]);
  if (change !== "test") facts.push(["Office", cleanText(headline)]);
  const link = linkOf(message);
  return {
    subject: cleanText(subjectOf(message), subjectLength),
    facts,
    evidence: change === "closed" || change === "test" ? [] : evidenceOf(incident),
    ...(link === undefined ? {} : { link }),
  };
}

function subjectOf({ incident, site, change }: OutMessage): string {
  const words = timeWords(site.timezone);
  const sentence = cleanText(incident.summary, 100).replace(/[.\s]+$/, "");
  const since = words.since(sentenceSinceMs(incident), incident.timeline.at(-1)?.atMs ?? incident.startedMs);
  if (change === "test") return `Test: ${sentence}.`;
  if (change === "closed") {
    const lasted = durationWords((incident.endedMs ?? incident.startedMs) - incident.startedMs);
    const last = incident.timeline.findLast(({ kind }) => kind === "closed")?.text ?? "";
    if (last.startsWith("Belongs to")) return `${sentence}. ${last}`;
    return `Over after ${lasted}: ${sentence}.`;
  }
  if (change === "reminder") return `Still: ${sentence}, ${since}.`;
  return `${sentence}, ${since}.`;
}

/** What is known of the alerts that fire, a few lines of each. */
function evidenceOf({ alerts }: Incident): string[] {
  return alerts
    .filter(({ state }) => state === "firing")
    .slice(0, 10)
    .flatMap(({ summary, evidence }) => [
      summary,
      ...evidence.slice(0, 5).map((line) => `  ${cleanText(line)}`),
    ])
    .map((line) => (line.startsWith("  ") ? line : cleanText(line)));
}

/** The address of the incident's page; undefined when the site's address is not known. */
export function linkOf({ site, incident }: OutMessage): string | undefined {
  if (site.url === undefined) return undefined;
  const base = site.url.replace(/\/+$/, "");
  return incident.id > 0 ? `${base}/incidents/${incident.id}` : `${base}/`;
}
