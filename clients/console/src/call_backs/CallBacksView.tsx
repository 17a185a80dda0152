import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { Link } from "wouter";
import { DestinationReason, type InboundCall, InboundCallOutcome } from "#gen/localdial/v1/call_routing_pb";
import { PAGE_SIZE } from "../api/pages";
import { CallList } from "../calls/CallList";
import { Filters } from "../calls/Filters";
import { NumberFilter, useNumberFilter } from "../calls/NumberFilter";
import { PeriodField, usePeriod } from "../calls/PeriodField";
import { refetchOnePage, VIEW_PAGE_SIZE } from "../calls/pages";
import { useUserNames } from "../people/queries";
import { UserField } from "../people/UserField";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Badge, type BadgeKind } from "../ui/Badge";
import { isoTime, minute, phoneNumber } from "../ui/format";
import { fragmentOf, useFragment } from "../ui/fragment_state";
import { Head } from "../ui/Head";
import { Segments } from "../ui/Segments";
import { Empty } from "../ui/States";
import styles from "./CallBacksView.module.css";
import { firstPage, getPage, type PageParam, type Show } from "./pages";

const column = createColumnHelper<InboundCall>();
const names = texts.callBacks.column;

/** The columns of the file, named as in the contract. */
const FILE_COLUMNS = [
  "call_time",
  "outcome",
  "outcome_time",
  "caller_number",
  "called_number",
  "destination_number",
  "reason",
  "user_id",
  "display_name",
  "fallback_number",
  "degraded",
  "call_id",
];

/** The period at first. Without one, old missed call-backs would come before those of today. */
const DEFAULT_PERIOD = "week";

/** Who called back, where the calls went, and what became of them. */
export function CallBacksView() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const nameOf = useUserNames();
  const [params, set] = useFragment();
  const userId = params.get("agent") ?? "";
  const show = (params.get("show") ?? "missedFirst") as Show;
  const { name, from, to, period } = usePeriod(DEFAULT_PERIOD);
  const filters = { userId, callerNumber: useNumberFilter("number"), calledNumber: useNumberFilter("called") };

  const page = (param: PageParam, pageSize: number) =>
    getPage(show, param, (which) =>
      api.callRouting.listInboundCalls({ organizationId, ...filters, ...period, ...which, pageSize }),
    );
  const query = useInfiniteQuery({
    queryKey: ["organization", organizationId, "call-backs", show, filters, name, from, to],
    queryFn: ({ pageParam }) => page(pageParam, VIEW_PAGE_SIZE),
    initialPageParam: firstPage(show),
    getNextPageParam: ({ next }) => next,
    refetchInterval: refetchOnePage,
  });
  const columns = useMemo(() => columnsWith(nameOf), [nameOf]);
  const isFiltered = params.size > 0;

  return (
    <>
      <Head title={texts.callBacks.title} />
      <Filters>
        <Segments
          label={texts.callBacks.show}
          value={show}
          choices={texts.callBacks.shows}
          onChange={(value) => set({ show: value === "missedFirst" ? "" : value })}
        />
        <UserField
          label={texts.filter.agent}
          value={userId}
          onChange={(agent) => set({ agent })}
          allowsDeleted
          placeholder={texts.filter.anyAgent}
        />
        <NumberFilter name="number" label={texts.callBacks.caller} />
        <NumberFilter name="called" label={texts.callBacks.called} />
        <PeriodField defaultName={DEFAULT_PERIOD} />
      </Filters>
      <CallList
        query={query}
        columns={columns}
        idOf={({ callId }) => callId}
        caption={`${texts.callBacks.caption}: ${texts.callBacks.shows[show]}`}
        counted={texts.callBacks.counted}
        none={
          <Empty title={isFiltered ? texts.list.noMatch : texts.callBacks.none(texts.period.choices[name])}>
            {!isFiltered && <p>{texts.callBacks.howToBegin}</p>}
          </Empty>
        }
        getPage={(param = firstPage(show)) => page(param, PAGE_SIZE)}
        csv={{
          name: `${organizationId}-call-backs.csv`,
          columns: FILE_COLUMNS,
          rowOf: (call) => [
            isoTime(call.callTime),
            InboundCallOutcome[call.outcome],
            isoTime(call.outcomeTime),
            call.callerNumber,
            call.calledNumber,
            call.destinationNumber,
            DestinationReason[call.reason],
            call.userId,
            nameOf(call.userId),
            call.fallbackNumber,
            String(call.degraded),
            call.callId,
          ],
        }}
      />
    </>
  );
}

const OUTCOMES: Readonly<Record<InboundCallOutcome, BadgeKind>> = {
  [InboundCallOutcome.UNSPECIFIED]: "quiet",
  [InboundCallOutcome.ANSWERED]: "good",
  [InboundCallOutcome.ANSWERED_BY_FALLBACK]: "good",
  [InboundCallOutcome.MISSED]: "bad",
  [InboundCallOutcome.SCREENED_OUT]: "warning",
  [InboundCallOutcome.PENDING]: "quiet",
  [InboundCallOutcome.UNKNOWN]: "quiet",
};

function columnsWith(nameOf: (userId: string) => string) {
  return [
    column.accessor("callTime", {
      size: 195,
      header: names.time,
      meta: { label: names.time },
      cell: (cell) => minute(cell.getValue()),
    }),
    column.accessor("outcome", {
      size: 180,
      header: names.outcome,
      meta: { label: names.outcome },
      cell: ({ row: { original } }) => (
        <span title={minute(original.outcomeTime) || undefined}>
          <Badge kind={OUTCOMES[original.outcome]}>
            {texts.outcome[InboundCallOutcome[original.outcome] as keyof typeof texts.outcome]}
          </Badge>
        </span>
      ),
    }),
    column.accessor("callerNumber", {
      size: 140,
      header: names.caller,
      meta: { label: names.caller },
      cell: (cell) =>
        cell.getValue() ? (
          <strong>{phoneNumber(cell.getValue())}</strong>
        ) : (
          <span className={styles.quiet}>{texts.callBacks.withheld}</span>
        ),
    }),
    column.accessor("calledNumber", {
      size: 140,
      header: names.called,
      meta: { label: names.called },
      cell: (cell) => phoneNumber(cell.getValue()),
    }),
    column.accessor("destinationNumber", {
      size: 230,
      header: names.destination,
      meta: { label: names.destination },
      cell: ({ row: { original } }) => <Destination call={original} nameOf={nameOf} />,
    }),
    column.accessor("reason", {
      size: 190,
      header: names.reason,
      meta: { label: names.reason },
      cell: ({ row: { original } }) =>
        original.degraded
          ? texts.callBacks.degraded
          : texts.destinationReason[DestinationReason[original.reason] as keyof typeof texts.destinationReason],
    }),
    column.display({
      id: "calls",
      size: 70,
      header: () => <span className="visually-hidden">{names.calls}</span>,
      cell: ({ row: { original } }) =>
        original.callerNumber && (
          <Link
            href={`/calls${fragmentOf({ number: original.callerNumber })}`}
            aria-label={texts.callBacks.callsTo(phoneNumber(original.callerNumber))}
          >
            {texts.callBacks.calls}
          </Link>
        ),
    }),
  ];
}

function Destination({ call, nameOf }: { call: InboundCall; nameOf: (userId: string) => string }) {
  if (!call.destinationNumber) return <span className={styles.quiet}>{texts.callBacks.nowhere}</span>;
  return (
    <div>
      {call.userId && `${nameOf(call.userId)}, `}
      <span className={styles.number}>{phoneNumber(call.destinationNumber)}</span>
      {call.fallbackNumber && (
        <div className={styles.fallback}>{texts.callBacks.fallback(phoneNumber(call.fallbackNumber))}</div>
      )}
    </div>
  );
}
