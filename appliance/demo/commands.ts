import type { Faults } from "./faults.ts";
import type { OfficeNetwork } from "./network.ts";
import { anchors, branch, office } from "./office.ts";

/** Something that can be broken, and how it is mended. */
export interface Breakage {
  /** What to type: "pull switch 2". */
  readonly words: string;
  /** What it shows. */
  readonly story: string;
  breakIt(): Promise<void>;
  mend(): Promise<void>;
}

export interface BreakageDeps {
  readonly faults: Faults;
  /** Absent where the demo runs without a namespace of its own: devices then die by silence alone. */
  readonly network?: OfficeNetwork;
  readonly nowMs: () => number;
  /** Publishes far too much for a minute; ends early when mended. */
  readonly flood: { start(): void; stop(): void };
}

/** Takes devices off the network and puts them back. */
interface Plugs {
  pull(ids: readonly string[]): Promise<void>;
  plugIn(ids: readonly string[]): Promise<void>;
}

function plugsOf({ faults, network }: BreakageDeps): Plugs {
  const chosen = (ids: readonly string[]) => office.filter(({ id }) => ids.includes(id));
  return {
    async pull(ids) {
      for (const device of chosen(ids)) {
        faults.dead.add(device.id);
        await network?.detach(device.address);
      }
    },
    async plugIn(ids) {
      for (const device of chosen(ids)) {
        faults.dead.delete(device.id);
        await network?.attach(device.address);
      }
    },
  };
}

/** Everything that can be typed into the running demo, in the order it is printed. */
export function breakages(deps: BreakageDeps): readonly Breakage[] {
  const { faults, network } = deps;
  const plugs = plugsOf(deps);
  const unplug = (words: string, story: string, ids: readonly string[]): Breakage => ({
    words,
    story,
    breakIt: () => plugs.pull(ids),
    mend: () => plugs.plugIn(ids),
  });
  const flip = (words: string, story: string, change: (broken: boolean) => void): Breakage => ({
    words,
    story,
    breakIt: async () => change(true),
    mend: async () => change(false),
  });
  const switch2 = branch("switch-2").map(({ id }) => id);
  return [
    unplug("pull switch 2", "one switch loses its power; what hangs on it cannot be reached", switch2),
    unplug("unplug the printer", "one printer is switched off", ["printer-2nd"]),
    ...(network ? lineBreakages(network, plugs, faults) : []),
    flip("fail the power", "both UPS run on battery; said within a minute", (broken) =>
      failPower(deps, broken),
    ),
    flip(
      "empty the toner",
      "the printer in accounts has 2 % of black toner left; said after two minutes",
      (broken) => toggle(faults.noToner, "printer-accounts", broken),
    ),
    flip("fill the storage", "the backup storage is full; said after two minutes", (broken) =>
      toggle(faults.full, "nas-backup", broken),
    ),
    flip("heat the rack", "the air conditioning of the rack has failed; said after two minutes", (broken) =>
      toggle(faults.hot, "Rack", broken),
    ),
    flip("silence the freezer", "the freezer's sensor stops publishing; said after three minutes", (broken) =>
      toggle(faults.silent, "freezer", broken),
    ),
    flip(
      "flood the broker",
      "one sensor publishes 5,000 messages a second for a minute; all else goes on, and /metrics counts what is refused",
      (broken) => (broken ? deps.flood.start() : deps.flood.stop()),
    ),
  ];
}

/** What can happen to the way out of the office. */
function lineBreakages(network: OfficeNetwork, plugs: Plugs, faults: Faults): Breakage[] {
  const cut = async () => {
    faults.internetCut = true;
    for (const address of anchors) await network.detach(address);
  };
  const mend = async () => {
    for (const address of anchors) await network.attach(address);
    faults.internetCut = false;
  };
  return [
    {
      words: "cut the internet",
      story: "the provider's line is dead; everything in the office still works",
      breakIt: cut,
      mend,
    },
    {
      words: "unplug the router",
      story: "the router loses its power, and the internet goes with it",
      async breakIt() {
        await plugs.pull(["router"]);
        await cut();
      },
      async mend() {
        await plugs.plugIn(["router"]);
        await mend();
      },
    },
  ];
}

function failPower({ faults, nowMs }: BreakageDeps, broken: boolean): void {
  for (const id of ["ups-rack", "ups-warehouse"]) {
    if (broken) faults.onBattery.set(id, nowMs());
    else faults.onBattery.delete(id);
  }
}

function toggle(set: Set<string>, id: string, present: boolean): void {
  if (present) set.add(id);
  else set.delete(id);
}

/**
 * Carries out one typed line.
 *
 * @returns what to print
 */
export async function obey(line: string, all: readonly Breakage[]): Promise<string> {
  const typed = line.trim().toLowerCase().replace(/\s+/g, " ");
  if (typed === "" || typed === "help" || typed === "?") return menu(all);
  if (typed === "mend all" || typed === "mend") {
    for (const one of all) await one.mend();
    return "Everything is mended.";
  }
  const mending = typed.startsWith("mend ");
  const words = mending ? typed.slice(5) : typed;
  const chosen = all.find((one) => one.words === words);
  if (!chosen) return `There is no "${words.slice(0, 60)}". Type "help" for the list.`;
  await (mending ? chosen.mend() : chosen.breakIt());
  return mending
    ? `Mended: ${chosen.words}.`
    : `Done: ${chosen.story}. "mend ${chosen.words}" puts it right.`;
}

/** The list of what can be typed. */
export function menu(all: readonly Breakage[]): string {
  const width = Math.max(...all.map(({ words }) => words.length));
  const lines = all.map(({ words, story }) => `  ${words.padEnd(width)}   ${story}`);
  return [
    "Type one of these and watch the page:",
    ...lines,
    `  ${"mend ...".padEnd(width)}   puts one of them right; "mend all" everything`,
  ].join("\n");
}
