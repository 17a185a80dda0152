/** What a comparison with the carrier has found. */

import type { DriftedNumber, ReconcileNumbersResponse } from "#gen/localdial/v1/number_inventory_pb";
import { failureOfStatus } from "../api/failure";
import { texts } from "../texts";

export interface Finding {
  readonly kind: "success" | "info" | "warning" | "error";
  readonly text: string;
  /** The numbers that it is about, or the first of them, and what there is to say of each. */
  readonly numbers: readonly { readonly phoneNumber: string; readonly note: string }[];
  readonly count: number;
}

/** Returns the findings, the most serious first. */
export function findingsOf(response: ReconcileNumbersResponse): Finding[] {
  const { finding } = texts.carrierCheck;
  const all: Finding[] = [
    {
      kind: "error",
      text: finding.missing(response.missingCount),
      count: response.missingCount,
      numbers: response.missing.map(bare),
    },
    {
      kind: "error",
      text: finding.drifted(response.driftedCount),
      count: response.driftedCount,
      numbers: response.drifted.map((drifted) => ({
        phoneNumber: drifted.number?.phoneNumber ?? "",
        note: noteOf(drifted),
      })),
    },
    {
      kind: "warning",
      text: finding.open(response.openCount),
      count: response.openCount,
      numbers: response.open.map(({ phoneNumber, status }) => ({
        phoneNumber,
        note: status === undefined ? "" : texts.failure.explain(failureOfStatus(status)),
      })),
    },
    {
      kind: "warning",
      text: finding.failed(response.failedCount),
      count: response.failedCount,
      numbers: response.failed.map(bare),
    },
    {
      kind: "success",
      text: finding.configured(response.configuredCount),
      count: response.configuredCount,
      numbers: response.configured.map(bare),
    },
    {
      kind: "success",
      text: finding.adopted(response.adoptedCount),
      count: response.adoptedCount,
      numbers: response.adopted.map(bare),
    },
    {
      kind: "success",
      text: finding.released(response.releasedCount),
      count: response.releasedCount,
      numbers: response.released.map(bare),
    },
  ];
  return all.filter(({ count }) => count > 0);
}

function bare({ phoneNumber }: { phoneNumber: string }) {
  return { phoneNumber, note: "" };
}

/** Returns where the carrier sends the calls, or why that could not be changed. */
function noteOf({ takesNoCalls, configureStatus, voiceUrl, applicationId, trunkId }: DriftedNumber): string {
  if (takesNoCalls) return texts.carrierCheck.takesNoCalls;
  if (configureStatus !== undefined) return texts.failure.explain(failureOfStatus(configureStatus));
  const target = voiceUrl || applicationId || trunkId;
  return target ? texts.carrierCheck.goesTo(target) : texts.carrierCheck.goesNowhere;
}

/** Returns how many numbers could have their calls sent here again. */
export function repairableCount({ driftedCount, drifted }: ReconcileNumbersResponse): number {
  return driftedCount - drifted.filter(({ takesNoCalls }) => takesNoCalls).length;
}
