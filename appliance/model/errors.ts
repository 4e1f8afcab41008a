/** Every error we throw on purpose. The reference page lists the same codes; a test holds them equal. */
export const errorCodes = {
  CONFIG_INVALID: "The configuration has mistakes; nothing was started.",
  CONFIG_UNREADABLE: "The configuration file cannot be read.",
  USAGE: "The command line is wrong.",
  PLUGIN_INVALID: "A plugin file does not export what its folder asks for.",
  PROFILE_INVALID: "A device profile has mistakes.",
  DATA_UNWRITABLE: "The data directory cannot be written.",
  STORE_UNAVAILABLE: "A store cannot take or give data now.",
  STORE_REFUSED: "A store will never take some samples; they were set aside.",
  STORE_CORRUPT: "A database file is damaged; it was set aside.",
  STORE_NEWER: "A database was written by a newer version.",
  PORT_IN_USE: "A listening address is taken.",
  NOT_PERMITTED: "The system does not allow it.",
  TOOL_MISSING: "A program of the system is not installed.",
  SNMP_PROTOCOL: "An SNMP answer broke the protocol.",
  NOT_FOUND: "There is no such thing.",
  CONFLICT: "Somebody else changed it meanwhile.",
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** `message` names the thing, the value and the remedy. */
export class ApplianceError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ApplianceError";
    this.code = code;
  }
}

/**
 * A message could not be sent. `retryable` says whether another try can help; `reached` whether the receiver answered
 * at all: as long as none is reached, the message waits for the line.
 */
export class NotifyError extends Error {
  readonly retryable: boolean;
  readonly reached: boolean;

  constructor(message: string, retryable: boolean, options: ErrorOptions & { reached?: boolean } = {}) {
    super(message, options);
    this.name = "NotifyError";
    this.retryable = retryable;
    this.reached = options.reached ?? true;
  }
}
