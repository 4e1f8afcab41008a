import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Log } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";
import { loadProfiles, type ProfileLibrary } from "./profiles.ts";

/** How often the user's folders are looked at. */
const lookEveryMs = 10_000;

/** The profiles in force. Files that a user adds, changes or takes away are picked up while the box runs. */
export class ProfileShelf {
  readonly #folders: readonly string[];
  readonly #clock: Clock;
  readonly #log: Log;
  #loaded: Promise<ProfileLibrary> | undefined;
  #seen = "";
  #lookedMs = 0;
  #version = 0;
  #problems: readonly string[] = [];

  /** @param folders - shipped first, the user's after it; only these are looked at again */
  constructor(folders: readonly string[], deps: { readonly clock: Clock; readonly log: Log }) {
    this.#folders = folders;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Another number after each change of what is in force. */
  get version(): number {
    return this.#version;
  }

  /** What is wrong with files of the folders: `file:line:column: what`. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Read once; afterwards `look` keeps it up to date. Rejects with PROFILE_INVALID. */
  library(): Promise<ProfileLibrary> {
    this.#loaded ??= this.#first();
    return this.#loaded;
  }

  /** Looks for changes, when it is time again. Cheap when it is not. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#loaded || nowMs - this.#lookedMs < lookEveryMs) return;
    this.#lookedMs = nowMs;
    void this.refresh();
  }

  /** Looks for changes now. Resolves when what changed is in force; never rejects. */
  async refresh(): Promise<void> {
    try {
      const before = await this.library();
      const seen = await this.#signature();
      if (seen === this.#seen) return;
      this.#seen = seen;
      const now = this.#take(await loadProfiles(this.#folders, before));
      this.#loaded = Promise.resolve(now);
      this.#version++;
      this.#log.info("Device profiles were read again", { profiles: now.names.length });
    } catch (error) {
      this.#log.warn("device profiles could not be read again", { error });
    }
  }

  async #first(): Promise<ProfileLibrary> {
    this.#lookedMs = this.#clock.monotonicMs();
    this.#seen = await this.#signature();
    return this.#take(await loadProfiles(this.#folders));
  }

  #take({ library, problems }: Awaited<ReturnType<typeof loadProfiles>>): ProfileLibrary {
    for (const problem of problems)
      if (!this.#problems.includes(problem)) this.#log.warn("device profile left out", { problem });
    this.#problems = problems;
    return library;
  }

  /** Something that changes whenever a file of the user's folders does. */
  async #signature(): Promise<string> {
    const parts: string[] = [];
    for (const folder of this.#folders.slice(1)) {
      const names = await readdir(folder).catch(() => [] as string[]);
      for (const name of names.filter((one) => one.endsWith(".yaml")).sort()) {
        const found = await stat(path.join(folder, name)).catch(() => undefined);
        if (found) parts.push(`${folder}/${name} ${found.mtimeMs} ${found.size}`);
      }
    }
    return parts.join("\n");
  }
}
