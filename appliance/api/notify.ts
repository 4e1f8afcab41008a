import { z } from "zod";
import type { View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { type Operation, operation } from "./operation.ts";

/** What can be done with the channels that messages go through. */
export function notifyOperations(view: View): Operation[] {
  return [
    operation({
      method: "post",
      path: "/notify/:id/test",
      summary:
        "Sends a message marked as a test by one channel and waits for its receiver: 200 when it took it.",
      params: z.object({ id: z.string().max(64).describe("A name under `notify` of the file.") }),
      body: z.strictObject({}),
      answer: z.object({ sent: z.literal(true) }),
      async handle({ params: { id } }) {
        if (!view.actions?.testChannel) throw new ApplianceError("NOT_FOUND", "There are no channels here.");
        await view.actions.testChannel(id);
        return { sent: true };
      },
    }),
  ];
}
