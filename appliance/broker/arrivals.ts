import type { Server, Socket } from "node:net";

const keyOf = ({ remoteAddress, remotePort, remoteFamily }: Socket) =>
  `${remoteFamily} ${remoteAddress} ${remotePort}`;

/**
 * Counts connections as they arrive, before a TLS handshake or a WebSocket request: the limits by address hold for
 * those that never get further.
 *
 * @param enter - false when there is no room; the connection is closed then
 * @returns the TCP connection under a TLS one; undefined when it may not come in or is gone
 */
export function watchArrivals(
  server: Server,
  enter: (socket: Socket) => boolean,
): (socket: Socket) => Socket | undefined {
  const here = new Map<string, Socket>();
  server.on("connection", (socket: Socket) => {
    const key = keyOf(socket);
    if (!enter(socket)) return;
    here.set(key, socket);
    socket.once("close", () => {
      if (here.get(key) === socket) here.delete(key);
    });
  });
  return (socket) => here.get(keyOf(socket));
}
