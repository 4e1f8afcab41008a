import type { Incident } from "../model/alert.ts";
import { type PathObservation, pathDevices, stationDevice } from "../model/path.ts";
import type { State } from "../model/site.ts";
import type { PathLink } from "../model/verdict.ts";
import type { Seen, VerdictInput } from "./verdict.ts";

type Input = Pick<VerdictInput, "devices" | "incidents" | "path" | "provider" | "slow">;
type Station = PathObservation["station"];

/** The way from this box to a web page; behind the first broken station nothing can be said. */
export function pathLinks(input: Input): PathLink[] {
  const links = [
    stationLink("box", "box", "This box", input),
    stationLink("gateway", "router", "Router", input),
    providerLink(input),
    stationLink("internet", "internet", "Internet", input),
    stationLink("names", "names", "Names", input),
    servicesLink(input),
  ].filter((link) => link !== undefined);
  let isBroken = false;
  return links.map((link) => {
    const shown = isBroken ? hidden(link) : link;
    isBroken ||= link.state === "down";
    return shown;
  });
}

function hidden({ detail: _detail, sinceMs: _sinceMs, ...link }: PathLink): PathLink {
  return { ...link, state: "unreachable" };
}

function stationLink(
  station: Station,
  id: PathLink["id"],
  label: string,
  input: Input,
): PathLink | undefined {
  const seen = input.devices.find(({ device }) => device.id === stationId(station, input));
  if (!seen?.isWatched) return undefined;
  const incident = downIncident(station, input);
  // The provider's line bears the blame for what is beyond it.
  const state: State = station === "internet" && incident ? "unreachable" : incident ? "down" : seen.state;
  return {
    id,
    label,
    state,
    device: seen.device.id,
    ...detailOf(
      input.path.find((one) => one.station === station),
      state,
    ),
    ...(state === "ok" ? {} : { sinceMs: incident?.startedMs ?? seen.sinceMs }),
  };
}

const stationId = (station: Station, { devices }: Input) =>
  stationDevice(
    station,
    devices.map(({ device }) => device),
  );

function downIncident(station: Station, input: Input): Incident | undefined {
  const id = stationId(station, input);
  return input.incidents.find(({ device, deviceState }) => device === id && deviceState === "down");
}

/** The line between router and internet: it has no device of its own. */
function providerLink(input: Input): PathLink | undefined {
  const internet = input.devices.find(({ device }) => device.id === pathDevices.internet);
  if (!internet?.isWatched) return undefined;
  const incident = downIncident("internet", input);
  const label = input.provider ?? "Provider";
  if (incident) {
    const observed = input.path.find((one) => one.station === "internet");
    return {
      id: "provider",
      label,
      state: "down",
      sinceMs: incident.startedMs,
      ...detailOf(observed, "down"),
    };
  }
  if (input.slow)
    return {
      id: "provider",
      label,
      state: "warning",
      sinceMs: input.slow.sinceMs,
      detail: milliseconds(input.slow.rttMs),
    };
  return { id: "provider", label, state: internet.state === "warning" ? "ok" : internet.state };
}

/** All services that were configured, as one station: down when none of them answers. */
function servicesLink({ devices }: Input): PathLink | undefined {
  const services = devices.filter(
    ({ device, isWatched }) =>
      isWatched &&
      device.kind === "service" &&
      device.id !== pathDevices.internet &&
      device.id !== pathDevices.names,
  );
  if (services.length === 0) return undefined;
  return { id: "services", label: "Services", ...servicesState(services) };
}

function servicesState(services: readonly Seen[]): Pick<PathLink, "state" | "detail" | "sinceMs"> {
  const fine = services.filter(({ state }) => state === "ok");
  const [first] = services;
  if (services.every(({ state }) => state === first?.state))
    return {
      state: first?.state ?? "unknown",
      ...(first && first.state !== "ok" ? { sinceMs: first.sinceMs } : {}),
    };
  return { state: "warning", detail: `${fine.length} of ${services.length} answer` };
}

function detailOf(observed: PathObservation | undefined, state: State): { detail?: string } {
  if (!observed) return {};
  if (state === "ok" || state === "warning")
    return observed.rttMs === undefined ? {} : { detail: milliseconds(observed.rttMs) };
  if (state !== "down") return {};
  const failed = [...observed.answers.by.values()].find(({ online }) => !online);
  const detail = failed?.detail ?? failed?.reason;
  return detail === undefined ? {} : { detail };
}

/** "12 ms", "0.4 ms", "< 0.1 ms". */
function milliseconds(rttMs: number): string {
  if (rttMs < 0.05) return "< 0.1 ms";
  return Number.isFinite(rttMs) ? `${rttMs < 10 ? Math.round(rttMs * 10) / 10 : Math.round(rttMs)} ms` : "";
}
