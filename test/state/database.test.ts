import fs from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import t from "tap";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { copyBeforeMigration } from "../../appliance/state/copies.ts";
import { openState } from "../../appliance/state/database.ts";
import { createSpanKeeper } from "../../appliance/state/spans.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { emptyDir, keptLog } from "../helpers/state.ts";

const device = deviceId("printer");

const open = (dir: string, lastGood: "nightly" | "no" = "no") => {
  const clock = fakeClock();
  const log = keptLog();
  return { state: openState({ dir, clock, log, lastGood }), log, clock };
};

/** Writes one span and closes. */
const filled = (dir: string): string => {
  const { state } = open(dir);
  createSpanKeeper(state).change(device, "ok", 1_000);
  state.close();
  return state.file;
};

t.test("a new file is durable: write-ahead log, synchronous FULL", async (t) => {
  const { state } = open(path.join(emptyDir(t), "made", "on", "the", "way"));
  t.equal(state.db.pragma("journal_mode", { simple: true }), "wal");
  t.equal(state.db.pragma("synchronous", { simple: true }), 2);
  t.same(state.notices, []);
  state.close();
  state.close();
});

t.test("what was written is there after opening again", async (t) => {
  const dir = emptyDir(t);
  filled(dir);
  const { state } = open(dir);
  t.same(createSpanKeeper(state).open(device), { state: "ok", fromMs: 1_000 });
  t.same(state.notices, []);
  state.close();
});

const damages: { name: string; damage: (file: string) => void }[] = [
  { name: "empty", damage: (file) => fs.writeFileSync(file, "") },
  {
    name: "no database at all",
    damage: (file) => fs.writeFileSync(file, "version: 1\n".repeat(900)),
  },
  {
    name: "cut in half",
    damage: (file) => fs.truncateSync(file, fs.statSync(file).size / 2),
  },
  {
    name: "4 KB of zeros in the middle",
    damage: (file) => {
      const handle = fs.openSync(file, "r+");
      fs.writeSync(handle, Buffer.alloc(4_096), 0, 4_096, 4_096);
      fs.closeSync(handle);
    },
  },
  {
    name: "the format number is nonsense",
    damage: (file) => {
      const db = new Sqlite(file);
      db.pragma("user_version = 1818323314");
      db.close();
    },
  },
  {
    name: "a table is missing",
    damage: (file) => {
      const db = new Sqlite(file);
      db.exec("DROP TABLE spans");
      db.close();
    },
  },
  {
    name: "a database of another program",
    damage: (file) => {
      fs.rmSync(file);
      const db = new Sqlite(file);
      db.exec("CREATE TABLE songs (title TEXT)");
      db.close();
    },
  },
];
for (const { name, damage } of damages) {
  t.test(`set aside and begun anew: ${name}`, async (t) => {
    const dir = emptyDir(t);
    damage(filled(dir));
    const { state, log } = open(dir);
    const aside = fs.readdirSync(dir).filter((file) => /damaged/.test(file));
    t.same(aside, ["state.db.damaged-20260302-090000"]);
    t.equal(state.notices.length, 1);
    t.match(state.notices[0]?.what, aside[0] ?? "no file");
    t.match(state.notices[0]?.what, /begun/);
    t.same(log.lines, ["error: state database damaged"]);
    t.equal(createSpanKeeper(state).open(device), undefined);
    createSpanKeeper(state).change(device, "down", 5);
    state.close();
  });
  t.test(`the nightly copy is used: ${name}`, async (t) => {
    const dir = emptyDir(t);
    const file = filled(dir);
    const first = open(dir);
    await first.state.backupNightly();
    first.state.close();
    damage(file);
    const { state } = open(dir, "nightly");
    t.match(state.notices[0]?.what, /copy state\.nightly-.* is used/);
    t.same(createSpanKeeper(state).open(device), {
      state: "ok",
      fromMs: 1_000,
    });
    state.close();
  });
}

t.test("a damaged nightly copy is passed over", async (t) => {
  const dir = emptyDir(t);
  const file = filled(dir);
  const { state, clock } = open(dir);
  await state.backupNightly();
  await clock.advance(86_400_000);
  const newest = await state.backupNightly();
  state.close();
  fs.writeFileSync(newest, "nothing");
  fs.writeFileSync(file, "");
  const again = open(dir, "nightly");
  t.match(again.state.notices[0]?.what, /nightly-20260302-090000/);
  again.state.close();
});

t.test("three nightly copies are kept", async (t) => {
  const dir = emptyDir(t);
  const { state, clock } = open(dir);
  for (let night = 0; night < 5; night++) {
    await state.backupNightly();
    await clock.advance(86_400_000);
  }
  state.close();
  t.same(
    fs.readdirSync(dir).filter((name) => name.includes("nightly")),
    [4, 5, 6].map((day) => `state.nightly-2026030${day}-090000.db`),
  );
});

t.test("three copies from before a change of format are kept", async (t) => {
  const dir = emptyDir(t);
  const { state } = open(dir);
  for (const version of [1, 2, 3, 4])
    copyBeforeMigration(state.db, state.file, version, Date.UTC(2026, 2, version));
  state.close();
  const copies = fs.readdirSync(dir).filter((name) => name.startsWith("state.before"));
  t.same(copies, [
    "state.before-20260302-000000-v2.db",
    "state.before-20260303-000000-v3.db",
    "state.before-20260304-000000-v4.db",
  ]);
});

t.test("a newer format is refused and left alone", async (t) => {
  const dir = emptyDir(t);
  const file = filled(dir);
  const db = new Sqlite(file);
  db.pragma("user_version = 99");
  db.close();
  const before = fs.readFileSync(file);
  t.throws(() => open(dir), { code: "STORE_NEWER" });
  t.same(fs.readFileSync(file), before);
  t.same(
    fs.readdirSync(dir).filter((name) => name.includes("damaged")),
    [],
  );
});

t.test("a directory that cannot be written has one clear message", async (t) => {
  // /proc takes no files from anybody, root included.
  for (const dir of ["/proc/self", path.join(emptyDir(t), "file", "dir")]) {
    if (!dir.startsWith("/proc")) fs.writeFileSync(path.dirname(dir), "in the way");
    const error = t.throws(() => open(dir)) as unknown;
    t.ok(error instanceof ApplianceError);
    t.match(error, { code: "DATA_UNWRITABLE" });
    t.match((error as Error).message, /state\.db.*--data DIR/);
  }
});

t.test("a transaction that fails leaves nothing", async (t) => {
  const { state } = open(emptyDir(t));
  const spans = createSpanKeeper(state);
  t.throws(() =>
    state.transaction(() => {
      spans.change(device, "down", 1);
      throw new Error("no");
    }),
  );
  t.equal(spans.open(device), undefined);
  state.close();
});
