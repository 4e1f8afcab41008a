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

/** Everything that can be typed into the running demo, in the order it is printed. */
export function breakages(deps: BreakageDeps): readonly Breakage[] {
  const { faults, network } = deps;
  const kill = async (ids: readonly string[]) => {
    for (const device of office.filter(({ id }) => ids.includes(id))) {
      faults.dead.add(device.id);
      await network?.detach(device.address);
    }
  };
  const revive = async (ids: readonly string[]) => {
    for (const device of office.filter(({ id }) => ids.includes(id))) {
      faults.dead.delete(device.id);
      await network?.attach(device.address);
    }
  };
  const pull = (words: string, story: string, ids: readonly string[]): Breakage => ({ words, story, breakIt: () => kill(ids), mend: () => revive(ids) });
  const flip = (words: string, story: string, change: (broken: boolean) => void): Breakage => ({
    words,
    story,
    breakIt: async () => change(true),
    mend: async () => change(false),
  });
  const withNetwork: Breakage[] = network
    ? [
        {
          words: "cut the internet",
          story: "the provider's line is dead; everything in the office still works",
          async breakIt() {
            faults.internetCut = true;
            for (const address of anchors) await network.detach(address);
          },
          async mend() {
            for (const address of anchors) await network.attach(address);
            faults.internetCut = false;
          },
        },
        pullRouter(kill, revive, network, faults),
      ]
    : [];
  return [
    pull("pull switch 2", "one switch loses its power; what hangs on it cannot be reached", branch("switch-2").map(({ id }) => id)),
    pull("unplug the printer", "one printer is switched off", ["printer-2nd"]),
    ...withNetwork,
    flip("fail the power", "both UPS run on battery", (broken) => {
      for (const id of ["ups-rack", "ups-warehouse"]) {
        if (broken) faults.onBattery.set(id, deps.nowMs());
        else faults.onBattery.delete(id);
      }
    }),
    flip("empty the toner", "the printer in accounts has 2 % of black toner left", (broken) => toggle(faults.noToner, "printer-accounts", broken)),
    flip("fill the storage", "the backup storage is full", (broken) => toggle(faults.full, "nas-backup", broken)),
    flip("heat the rack", "the air conditioning of the rack has failed", (broken) => toggle(faults.hot, "Rack", broken)),
    flip("silence the freezer", "the freezer's sensor stops publishing", (broken) => toggle(faults.silent, "freezer", broken)),
    flip("flood the broker", "one sensor publishes 5,000 messages a second for a minute", (broken) => (broken ? deps.flood.start() : deps.flood.stop())),
  ];
}

function pullRouter(kill: (ids: readonly string[]) => Promise<void>, revive: (ids: readonly string[]) => Promise<void>, network: OfficeNetwork, faults: Faults): Breakage {
  return {
    words: "unplug the router",
    story: "the router loses its power, and the internet with it",
    async breakIt() {
      faults.internetCut = true;
      await kill(["router"]);
      for (const address of anchors) await network.detach(address);
    },
    async mend() {
      await revive(["router"]);
      for (const address of anchors) await network.attach(address);
      faults.internetCut = false;
    },
  };
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
  return mending ? `Mended: ${chosen.words}.` : `Done: ${chosen.story}. "mend ${chosen.words}" puts it right.`;
}

/** The list of what can be typed. */
export function menu(all: readonly Breakage[]): string {
  const width = Math.max(...all.map(({ words }) => words.length));
  const lines = all.map(({ words, story }) => `  ${words.padEnd(width)}   ${story}`);
  return ["Type one of these and watch the page:", ...lines, `  ${"mend ...".padEnd(width)}   puts one of them right; "mend all" everything`].join("\n");
}
