import type { UseQueryResult } from "@tanstack/react-query";
import type { GetUsageResponse } from "#gen/localdial/v1/number_inventory_pb";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { failureOf } from "../api/failure";
import { texts } from "../texts";
import { Figure, Figures } from "../ui/Figure";
import { count, percent } from "../ui/format";
import { USAGE_DAYS } from "./queries";
import { costOf, localShareOf } from "./rows";

interface Props {
  numbers: readonly LocalPresenceNumber[];
  usage: UseQueryResult<GetUsageResponse>;
}

/** How many numbers there are, what they cost, and how many callees see a local number. */
export function Summary({ numbers, usage }: Props) {
  const active = numbers.filter(({ state }) => state === NumberState.ACTIVE).length;
  const cost = costOf(numbers.filter(({ state }) => state !== NumberState.PURCHASING));
  const share = usage.data && localShareOf(usage.data);
  return (
    <Figures>
      <Figure
        name={texts.numbers.figure.count}
        value={count(numbers.length)}
        note={texts.numbers.figure.active(active, numbers.length)}
      />
      <Figure
        name={texts.numbers.figure.cost}
        value={texts.cost(cost) || texts.unknown}
        note={texts.numbers.figure.withoutPrice(cost.unknown)}
      />
      <Figure
        name={texts.numbers.figure.localShare(USAGE_DAYS)}
        value={share === undefined ? texts.unknown : percent(share)}
        note={
          usage.data === undefined
            ? usage.error && texts.numbers.figure.notCounted(failureOf(usage.error))
            : texts.numbers.figure.calls(usage.data.days.reduce((sum, day) => sum + Number(day.callCount), 0))
        }
      />
    </Figures>
  );
}
