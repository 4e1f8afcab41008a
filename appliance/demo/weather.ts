/** How busy and how warm the demo office is: functions of time alone, so that history and live values join. */

const dayMs = 86_400_000;

/** A number from 0 to 1 that is always the same for the same text. */
export function fixed(text: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 4_294_967_296;
}

/** A smooth wandering from -1 to 1, different for each name. */
export function wander(name: string, atMs: number): number {
  const phase = fixed(name) * 2 * Math.PI;
  const minutes = atMs / 60_000;
  return (
    (Math.sin(minutes / 7.3 + phase) +
      Math.sin(minutes / 23.1 + 2 * phase) +
      Math.sin(minutes / 61.7 + 3 * phase)) /
    3
  );
}

/** Share of the people at work, 0 to 1, by the hour of the day in UTC: a hump from 7 to 18 with a dip at noon. */
export function presence(atMs: number): number {
  const hour = (atMs % dayMs) / 3_600_000;
  const hump = Math.exp(-(((hour - 12.5) / 4.2) ** 4));
  const lunch = 0.25 * Math.exp(-(((hour - 12.3) / 0.7) ** 2));
  return Math.max(0.03, hump - lunch);
}

/** Round trip to a device in ms. */
export function replyMs(name: string, atMs: number, usualMs: number): number {
  return usualMs * (1 + 0.25 * wander(`rtt-${name}`, atMs) + 0.3 * presence(atMs));
}

/** Octets a second through one direction of a port; `scale` is its busiest. */
export function octetsPerSecond(name: string, atMs: number, scale: number): number {
  return scale * (0.05 + 0.95 * presence(atMs)) * (0.6 + 0.4 * wander(name, atMs));
}

/** Octets since `sinceMs`: the sum of the rate in steps of a minute, kept so that each call adds what is new. */
export function octetCounter(name: string, sinceMs: number, scale: number): (nowMs: number) => bigint {
  const stepMs = 60_000;
  let wholeSteps = 0;
  let total = fixed(`start-${name}`) * 4e12;
  return (nowMs) => {
    const steps = Math.max(0, Math.floor((nowMs - sinceMs) / stepMs));
    for (; wholeSteps < steps; wholeSteps++)
      total += 60 * octetsPerSecond(name, sinceMs + wholeSteps * stepMs, scale);
    const rest = Math.max(0, (nowMs - sinceMs - wholeSteps * stepMs) / 1000);
    return BigInt(Math.floor(total + rest * octetsPerSecond(name, sinceMs + wholeSteps * stepMs, scale)));
  };
}
