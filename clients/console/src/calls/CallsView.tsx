import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { Link } from "wouter";
import { CallerIdReason, type OutboundCall } from "#gen/localdial/v1/call_routing_pb";
import { PAGE_SIZE } from "../api/pages";
import { useUserNames } from "../people/queries";
import { UserField } from "../people/UserField";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { isoTime, minute, phoneNumber } from "../ui/format";
import { fragmentOf, useFragment } from "../ui/fragment_state";
import { Head } from "../ui/Head";
import { Empty } from "../ui/States";
import { CallList } from "./CallList";
import styles from "./CallsView.module.css";
import { Filters } from "./Filters";
import { NumberFilter, useNumberFilter } from "./NumberFilter";
import { PeriodField, usePeriod } from "./PeriodField";
import { type CallsPage, refetchOnePage, VIEW_PAGE_SIZE } from "./pages";

const column = createColumnHelper<OutboundCall>();
const names = texts.calls.column;

/** The columns of the file, named as in the contract. */
const FILE_COLUMNS = ["call_time", "user_id", "display_name", "callee_number", "caller_id", "reason", "call_id"];

/** Which caller IDs were shown: the outbound calls, newest first. */
export function CallsView() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const nameOf = useUserNames();
  const [params, set] = useFragment();
  const userId = params.get("agent") ?? "";
  const { name, from, to, period } = usePeriod("all");
  const filters = { userId, calleeNumber: useNumberFilter("number"), callerId: useNumberFilter("callerId") };

  async function getPage(pageToken: string, pageSize: number): Promise<CallsPage<OutboundCall, string>> {
    const page = await api.callRouting.listOutboundCalls({
      organizationId,
      ...filters,
      ...period,
      pageSize,
      pageToken,
    });
    return { calls: page.calls, next: page.nextPageToken || undefined };
  }
  const query = useInfiniteQuery({
    queryKey: ["organization", organizationId, "calls", filters, name, from, to],
    queryFn: ({ pageParam }) => getPage(pageParam, VIEW_PAGE_SIZE),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    refetchInterval: refetchOnePage,
  });
  const columns = useMemo(() => columnsWith(nameOf), [nameOf]);
  const isFiltered = Object.values(filters).some(Boolean) || name !== "all";

  return (
    <>
      <Head title={texts.calls.title} />
      <Filters>
        <UserField
          label={texts.filter.agent}
          value={userId}
          onChange={(agent) => set({ agent })}
          allowsDeleted
          placeholder={texts.filter.anyAgent}
        />
        <NumberFilter name="number" label={texts.calls.callee} />
        <NumberFilter name="callerId" label={texts.calls.callerId} />
        <PeriodField defaultName="all" />
      </Filters>
      <CallList
        query={query}
        columns={columns}
        idOf={({ callId }) => callId}
        caption={texts.calls.caption}
        counted={texts.calls.counted}
        none={
          isFiltered ? (
            <Empty title={texts.list.noMatch} />
          ) : (
            <Empty title={texts.calls.none}>
              <p>{texts.calls.howToBegin}</p>
            </Empty>
          )
        }
        getPage={(pageToken = "") => getPage(pageToken, PAGE_SIZE)}
        csv={{
          name: `${organizationId}-calls.csv`,
          columns: FILE_COLUMNS,
          rowOf: (call) => [
            isoTime(call.callTime),
            call.userId,
            nameOf(call.userId),
            call.calleeNumber,
            call.callerId,
            CallerIdReason[call.reason],
            call.callId,
          ],
        }}
      />
    </>
  );
}

function columnsWith(nameOf: (userId: string) => string) {
  return [
    column.accessor("callTime", {
      size: 170,
      header: names.time,
      meta: { label: names.time },
      cell: (cell) => minute(cell.getValue()),
    }),
    column.accessor("userId", {
      size: 180,
      header: names.agent,
      meta: { label: names.agent },
      cell: (cell) => nameOf(cell.getValue()),
    }),
    column.accessor("calleeNumber", {
      size: 150,
      header: names.callee,
      meta: { label: names.callee },
      cell: (cell) => phoneNumber(cell.getValue()),
    }),
    column.accessor("callerId", {
      size: 150,
      header: names.callerId,
      meta: { label: names.callerId },
      cell: (cell) => <strong className={styles.number}>{phoneNumber(cell.getValue())}</strong>,
    }),
    column.accessor("reason", {
      size: 190,
      header: names.reason,
      meta: { label: names.reason },
      cell: (cell) => texts.callerIdReason[CallerIdReason[cell.getValue()] as keyof typeof texts.callerIdReason],
    }),
    column.display({
      id: "why",
      size: 80,
      header: () => <span className="visually-hidden">{names.why}</span>,
      cell: ({ row: { original } }) => (
        <Link
          href={`/why${fragmentOf({ call: original.callId })}`}
          aria-label={texts.calls.whyOf(phoneNumber(original.calleeNumber), minute(original.callTime))}
        >
          {texts.calls.why}
        </Link>
      ),
    }),
  ];
}
