import type { AvailabilityReason } from "../model/observation.ts";

const byCode: Readonly<Record<string, AvailabilityReason>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  ETIMEDOUT: "timeout",
  ETIMEOUT: "timeout",
  ESOCKETTIMEDOUT: "timeout",
  ENOTFOUND: "names",
  EAI_AGAIN: "names",
  ENODATA: "names",
  ECONNRESET: "protocol",
  EPIPE: "protocol",
  EPROTO: "tls",
  EACCES: "permission",
  EPERM: "permission",
  ABORT_ERR: "cancelled",
};

/** The error's code, `""` when it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Why a connection failed, as `Availability` names it. What is not known counts as a fault of the protocol. */
export function reasonOf(error: unknown): AvailabilityReason {
  const code = codeOf(error);
  const known = byCode[code];
  if (known) return known;
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED)/.test(code)) return "tls";
  return "protocol";
}
