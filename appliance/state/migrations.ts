/**
 * Steps of the format of state.db, oldest first: step n leads from format n to n + 1. Forward only; a step that was
 * released is never changed. Bodies are JSON of the types in model/; columns are what is searched.
 */
export const migrations: readonly string[] = [
  `
	CREATE TABLE incidents (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		device TEXT NOT NULL,
		state TEXT NOT NULL,
		started_ms INTEGER NOT NULL,
		ended_ms INTEGER,
		body TEXT NOT NULL
	) STRICT;
	CREATE INDEX incidents_by_device ON incidents (device, id);
	CREATE INDEX incidents_by_state ON incidents (state, id);

	CREATE TABLE outbox (
		sequence INTEGER PRIMARY KEY AUTOINCREMENT,
		id TEXT NOT NULL UNIQUE,
		incident INTEGER NOT NULL,
		state TEXT NOT NULL,
		created_ms INTEGER NOT NULL,
		body TEXT NOT NULL
	) STRICT;
	CREATE INDEX outbox_by_state ON outbox (state, sequence);
	CREATE INDEX outbox_by_incident ON outbox (incident, sequence);

	CREATE TABLE spans (
		device TEXT NOT NULL,
		from_ms INTEGER NOT NULL,
		to_ms INTEGER,
		state TEXT NOT NULL,
		PRIMARY KEY (device, from_ms)
	) STRICT, WITHOUT ROWID;

	CREATE TABLE events (
		sequence INTEGER PRIMARY KEY AUTOINCREMENT,
		device TEXT NOT NULL,
		time_ms INTEGER NOT NULL,
		body TEXT NOT NULL
	) STRICT;
	CREATE INDEX events_by_device ON events (device, time_ms);
	CREATE INDEX events_by_time ON events (time_ms);

	CREATE TABLE devices (
		id TEXT PRIMARY KEY,
		body TEXT NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE TABLE marks (
		name TEXT PRIMARY KEY,
		value INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
  `
	CREATE TABLE documents (
		kind TEXT NOT NULL,
		id TEXT NOT NULL,
		version INTEGER NOT NULL,
		body TEXT NOT NULL,
		by TEXT NOT NULL,
		at_ms INTEGER NOT NULL,
		PRIMARY KEY (kind, id)
	) STRICT, WITHOUT ROWID;
	`,
  `
	CREATE TABLE links (
		id TEXT NOT NULL,
		first_ms INTEGER NOT NULL,
		gone_ms INTEGER,
		body TEXT NOT NULL,
		PRIMARY KEY (id, first_ms)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX links_by_end ON links (gone_ms);
	`,
  `
	CREATE TABLE candidates (
		id TEXT PRIMARY KEY,
		body TEXT NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE TABLE sightings (
		id TEXT PRIMARY KEY,
		body TEXT NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE TABLE discovered (
		sequence INTEGER PRIMARY KEY AUTOINCREMENT,
		at_ms INTEGER NOT NULL,
		body TEXT NOT NULL
	) STRICT;
	CREATE INDEX discovered_by_time ON discovered (at_ms);

	CREATE TABLE tries (
		address TEXT NOT NULL,
		credential TEXT NOT NULL,
		at_ms INTEGER NOT NULL,
		PRIMARY KEY (address, credential)
	) STRICT, WITHOUT ROWID;
	`,
  `
	CREATE TABLE answers (
		device TEXT PRIMARY KEY,
		body TEXT NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
];

/** What the newest format must be able to prepare: a damaged schema fails here. */
export const probes: readonly string[] = [
  "SELECT id, device, state, started_ms, ended_ms, body FROM incidents",
  "SELECT sequence, id, incident, state, created_ms, body FROM outbox",
  "SELECT device, from_ms, to_ms, state FROM spans",
  "SELECT sequence, device, time_ms, body FROM events",
  "SELECT id, body FROM devices",
  "SELECT name, value FROM marks",
  "SELECT kind, id, version, body, by, at_ms FROM documents",
  "SELECT id, first_ms, gone_ms, body FROM links",
  "SELECT id, body FROM candidates",
  "SELECT id, body FROM sightings",
  "SELECT sequence, at_ms, body FROM discovered",
  "SELECT address, credential, at_ms FROM tries",
  "SELECT device, body FROM answers",
];
