import { once } from "node:events";
import { connect, type Socket } from "node:net";

/*
 * Devices as bare sockets with ready-made packets, so that the sender costs little: CONNECT with name and password, then
 * PUBLISH of a JSON document of 200 bytes, at a rate with QoS 0 or in a closed loop with QoS 1.
 */

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(type: number, body: Buffer): Buffer {
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

export interface LoadDevice {
  readonly socket: Socket;
  acknowledged: number;
  sent: number;
}

export async function signIn(port: number, name: string): Promise<LoadDevice> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const head = Buffer.concat([text("MQTT"), Buffer.from([4, 0xc2, 0, 0])]);
  socket.write(packet(0x10, Buffer.concat([head, text(name), text(name), text(`${name}-secret`)])));
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (answer[3] !== 0) throw new Error(`${name} was refused: ${answer[3]}`);
  const device = { socket, acknowledged: 0, sent: 0 };
  // PUBACK is four bytes and the only thing that comes.
  let bytes = 0;
  socket.on("data", (data) => {
    bytes += data.length;
    device.acknowledged = Math.floor(bytes / 4);
  });
  return device;
}

function publish(name: string, n: number, qos: 0 | 1): Buffer {
  const body = `{"seq":${n},"temperature":${20 + (n % 50) / 10},"humidity":${40 + (n % 7)},"battery":97,"pad":"`;
  const payload = Buffer.from(`${body.padEnd(198, "x")}"}`);
  const id = qos === 1 ? Buffer.from([((n % 65_535) + 1) >> 8, ((n % 65_535) + 1) & 255]) : Buffer.alloc(0);
  return packet(qos === 1 ? 0x32 : 0x30, Buffer.concat([text(`site/${name}/env`), id, payload]));
}

/** Sends `rate` messages a second in all for so long. @returns how many were sent */
export async function atRate(devices: readonly LoadDevice[], rate: number, forMs: number): Promise<number> {
  const startMs = performance.now();
  let sent = 0;
  for (;;) {
    const pastMs = performance.now() - startMs;
    if (pastMs >= forMs) return sent;
    while (sent < (rate * pastMs) / 1_000) {
      const device = devices[sent % devices.length];
      device?.socket.write(publish(`d${sent % devices.length}`, sent, 0));
      sent++;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Keeps `window` messages of each device on their way. @returns acknowledged messages a second */
export async function closedLoop(
  devices: readonly LoadDevice[],
  window: number,
  forMs: number,
): Promise<number> {
  for (const device of devices) device.sent = device.acknowledged;
  const before = devices.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const startMs = performance.now();
  const fill = (device: LoadDevice, i: number) => {
    const parts: Buffer[] = [];
    while (device.sent - device.acknowledged < window) parts.push(publish(`d${i}`, device.sent++, 1));
    if (parts.length > 0) device.socket.write(Buffer.concat(parts));
  };
  const listeners = devices.map((device, i) => () => fill(device, i));
  for (const [i, device] of devices.entries()) {
    device.socket.on("data", listeners[i] as () => void);
    fill(device, i);
  }
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const after = devices.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  const tookMs = performance.now() - startMs;
  for (const [i, device] of devices.entries()) device.socket.off("data", listeners[i] as () => void);
  return ((after - before) * 1_000) / tookMs;
}
