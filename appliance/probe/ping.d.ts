/** What we use of the package `ping` 0.4.4, which comes without types. */
declare module "ping" {
  interface Ping {
    readonly promise: {
      probe(
        address: string,
        config: { timeout: number; min_reply: number; numeric: boolean },
      ): Promise<{ alive: boolean; times?: readonly (number | string)[] }>;
    };
  }
  const ping: Ping;
  // biome-ignore lint/style/noDefaultExport: the package has only a default export
  export default ping;
}
