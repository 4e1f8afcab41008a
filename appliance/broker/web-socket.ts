import { createServer as createHttp, type Server as HttpServer } from "node:http";
import { createServer as createHttps } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";
import { maxFrameBytes } from "./frames.ts";

/**
 * A listener for MQTT over WebSocket (MQTT 3.1.1 §6): binary messages of at most one control packet's size, subprotocol
 * `mqtt`, no compression. A connection that asks for nothing within 10 s is closed, as one that asks for a page.
 *
 * @param serve - gets each connection that speaks MQTT from then on, and the socket under it
 */
export function webSocketServer(
  tls: { readonly key: string; readonly cert: string } | undefined,
  serve: (stream: Duplex, socket: Socket) => void,
): HttpServer {
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    noDelay: true,
  };
  const server = tls ? createHttps({ ...limits, ...tls, handshakeTimeout: 10_000 }) : createHttp(limits);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
  });
  server.on("request", (_request, response) => {
    response.writeHead(426, { Connection: "close", Upgrade: "websocket" }).end();
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    if (socket.destroyed) return;
    const offered = request.headers["sec-websocket-protocol"] ?? "";
    if (!offered.split(/\s*,\s*/).includes("mqtt")) {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      // MQTT 3.1.1 [MQTT-6.0.0-1]: text is an error.
      client.on("message", (_data, isBinary) => {
        if (!isBinary) client.terminate();
      });
      serve(createWebSocketStream(client, { allowHalfOpen: false }), socket);
    });
  });
  return server;
}
