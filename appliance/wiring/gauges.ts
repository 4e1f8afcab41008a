import type { Broker } from "../broker/broker.ts";
import type { OwnGauge } from "../model/contracts.ts";
import type { FollowStatus } from "../model/rounds.ts";
import type { History } from "./history.ts";

export interface GaugesDeps {
  readonly history: Pick<History, "followers" | "local">;
  readonly broker: Pick<Broker, "status"> | undefined;
}

function ofFollower(status: FollowStatus): OwnGauge[] {
  const labels = { store: status.name };
  return [
    {
      name: "store_up",
      help: "1 while the remote store takes samples.",
      value: status.awaySinceMs === undefined ? 1 : 0,
      labels,
    },
    {
      name: "store_rounds_behind",
      help: "Rounds that the remote store does not have yet.",
      value: status.roundsBehind,
      labels,
    },
    {
      name: "store_rounds_lost",
      help: "Rounds that left the log before the remote store could have them.",
      value: status.roundsLost,
      labels,
    },
    {
      name: "store_samples_delivered",
      help: "Samples given to the remote store since the start.",
      value: status.deliveredSamples,
      labels,
    },
    {
      name: "store_samples_quarantined",
      help: "Samples that the remote store refused for good.",
      value: status.quarantined,
      labels,
    },
  ];
}

/** Numbers about the stores and the broker as they are now. */
export function createGauges({ history, broker }: GaugesDeps): () => OwnGauge[] {
  return () => {
    const local = history.local.status();
    const connections = broker?.status().connections;
    return [
      ...(local
        ? [
            { name: "history_used_bytes", help: "What history takes on the disk.", value: local.usedBytes },
            { name: "history_space_left_bytes", help: "What is left for it.", value: local.spaceLeftBytes },
          ]
        : []),
      ...history.followers().flatMap(ofFollower),
      ...(connections === undefined
        ? []
        : [{ name: "broker_connections", help: "Devices connected to the broker.", value: connections }]),
    ];
  };
}
