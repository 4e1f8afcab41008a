/** Ways of signing SNMPv3 messages. Source: RFC 3414, RFC 7860. */
export const authProtocols = ["md5", "sha", "sha224", "sha256", "sha384", "sha512"] as const;
export type AuthProtocol = (typeof authProtocols)[number];

/** Ways of encrypting them; `b` and `r` are the two ways of making a long key. Source: RFC 3414, RFC 3826, draft-blumenthal-aes-usm, draft-reeder-snmpv3-usm-3desede. */
export const privProtocols = ["des", "aes", "aes192b", "aes192r", "aes256b", "aes256r"] as const;
export type PrivProtocol = (typeof privProtocols)[number];
