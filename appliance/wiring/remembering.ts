import type { Answers } from "../engine/answers.ts";
import type { AnswersKeeper, Log } from "../model/contracts.ts";
import type { Clock, Timer } from "../model/time.ts";

/** Rhythms are learned over days: a power cut may cost minutes of them. */
const everyMs = 10 * 60_000;

export interface RememberingDeps {
  readonly answers: Pick<Answers, "remembered">;
  readonly keeper: AnswersKeeper;
  readonly clock: Clock;
  readonly log: Log;
}

/** Writes down now and then, and at the end, when devices were heard last and how often they speak. */
export function createRemembering({ answers, keeper, clock, log }: RememberingDeps) {
  let timer: Timer | undefined;
  const save = () => {
    try {
      keeper.save(answers.remembered());
    } catch (error) {
      log.debug("when devices were heard last could not be written", { error });
    }
  };
  const beat = () => {
    timer = clock.timer(() => {
      save();
      beat();
    }, everyMs);
  };
  return {
    start: beat,
    stop() {
      timer?.cancel();
      save();
    },
  };
}
