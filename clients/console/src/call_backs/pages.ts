/** The pages of call-backs: missed ones first, and then the others, each newest first. */

import { type InboundCall, InboundCallOutcome } from "#gen/localdial/v1/call_routing_pb";
import type { CallsPage } from "../calls/pages";

/** Which call-backs are listed, and in which order. */
export type Show = "missedFirst" | "missed" | "newest";

/** A page: of missed call-backs only, or of all. */
export interface PageParam {
  readonly missed: boolean;
  readonly pageToken: string;
}

/** Returns the first page. */
export function firstPage(show: Show): PageParam {
  return { missed: show !== "newest", pageToken: "" };
}

/** Gets a page by `list`, which lists call-backs as the server does. */
export async function getPage(
  show: Show,
  param: PageParam,
  list: (param: PageParam) => Promise<{ calls: InboundCall[]; nextPageToken: string }>,
): Promise<CallsPage<InboundCall, PageParam>> {
  const { calls, nextPageToken } = await list(param);
  const found = shown(calls, show, param);
  if (nextPageToken) return { calls: found, next: { ...param, pageToken: nextPageToken } };
  if (show !== "missedFirst" || !param.missed) return { calls: found, next: undefined };
  // Behind the last missed one come the others.
  const others = await getPage(show, { missed: false, pageToken: "" }, list);
  return { ...others, calls: [...found, ...others.calls] };
}

/** Returns the calls without the missed ones if those were listed before. */
function shown(calls: InboundCall[], show: Show, { missed }: PageParam): InboundCall[] {
  return show === "missedFirst" && !missed ? calls.filter((call) => !isMissed(call)) : calls;
}

/** Returns whether nobody took the call, as the contract counts it. */
export function isMissed({ outcome }: InboundCall): boolean {
  return outcome === InboundCallOutcome.MISSED || outcome === InboundCallOutcome.SCREENED_OUT;
}
