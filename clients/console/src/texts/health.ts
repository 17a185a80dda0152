/** The texts of the view of the state of the service. */

import { counted, LOCALE, time } from "./words";

export const healthTexts = {
  health: {
    title: "Health",
    server: (version: string, since: string) => `Server ${version}, started ${since}`,
    allWell: "Everything works",
    attention: (count: number) => `${counted(count, "part needs", "parts need")} attention`,
    failed: (count: number) => `${counted(count, "part does", "parts do")} not work`,
    parts: "Parts",
    component: {
      UNSPECIFIED: "Another part",
      DATABASE: "Database",
      CALL_LOG: "Recording of calls",
      CARRIER: "Carrier",
      CALL_BACKS: "Way of call-backs",
      CERTIFICATES: "Certificates",
    },
    explain: {
      UNSPECIFIED: "",
      DATABASE: "It holds the numbers, the users and the calls.",
      CALL_LOG: "Call-backs are routed by it.",
      CARRIER: "Numbers are bought from it and released to it.",
      CALL_BACKS: "The carrier asks the server where a call-back goes.",
      CERTIFICATES: "Clients check them when they connect.",
    },
    state: {
      UNSPECIFIED: "Unknown",
      OK: "Works",
      WARNING: "Needs attention",
      FAILED: "Does not work",
      UNKNOWN: "Not checked",
    },
    since: (time: string) => `since ${time}`,
    work: "Work and delays",
    figure: {
      orders: "Orders at the carrier",
      releases: "Releases at the carrier",
      oldest: (age: string) => `The oldest for ${age}`,
      noWork: "Nothing is open",
      missed: "Missed call-backs, 24 hours",
      showMissed: "Show them",
      spooled: "Calls not recorded yet",
      spooledNote: (count: number) =>
        count === 0 ? "All calls are in the database" : "On the server’s disk until the database is back",
      staleness: "Changes show within",
      stalenessNote: "The longest that the server may not know of a change",
      databaseDown: "The database cannot be reached",
    },
    certificates: "Certificates",
    noCertificates: "The server uses none: connections to it are not encrypted by it.",
    expires: (days: number, date: string) =>
      days < 0 ? `Expired on ${date}` : `${counted(days, "day", "days")} left, until ${date}`,
    seconds: (seconds: number) => counted(Math.max(1, Math.round(seconds)), "second", "seconds"),
    minutes: (minutes: number) => counted(minutes, "minute", "minutes"),
    hours: (hours: number) => counted(hours, "hour", "hours"),
    days: (days: number) => counted(days, "day", "days"),
  },
  carrierCheck: {
    title: "Compare with the carrier",
    explanation:
      "Asks the carrier which numbers it holds for you and where it sends their calls. Open orders and releases are settled: an order that went through is adopted, and a release that was not confirmed is repeated. Every other difference is only shown.",
    readOnly: "A manager can compare the numbers with the carrier.",
    submit: "Compare with the carrier",
    again: "Compare again",
    running: "Asking the carrier …",
    same: "The numbers are as they are at the carrier.",
    checkedAt: (milliseconds: number) => `Compared at ${time(milliseconds)}.`,
    cost: (cost: string) => `The numbers cost ${cost} a month.`,
    finding: {
      adopted: (count: number) => `${counted(count, "order", "orders")} went through. You own the numbers now.`,
      failed: (count: number) => `${counted(count, "order", "orders")} failed. Nothing was charged.`,
      released: (count: number) => `${counted(count, "release was", "releases were")} confirmed.`,
      open: (count: number) => `${counted(count, "order or release is", "orders and releases are")} still open.`,
      missing: (count: number) =>
        `${counted(count, "number is", "numbers are")} no longer in the carrier account. Calls must not show ${count === 1 ? "it" : "them"}: delete ${count === 1 ? "it" : "them"}, or find out who released ${count === 1 ? "it" : "them"}.`,
      drifted: (count: number) =>
        `The carrier sends the calls to ${counted(count, "number", "numbers")} elsewhere, so call-backs to ${count === 1 ? "it" : "them"} do not reach your agents.`,
      configured: (count: number) =>
        `The carrier sends the calls to ${counted(count, "number", "numbers")} here again.`,
    },
    more: (count: number) => `and ${count.toLocaleString(LOCALE)} more`,
    goesTo: (target: string) => `goes to ${target}`,
    goesNowhere: "goes nowhere",
    takesNoCalls: "It takes no voice calls any more: delete it.",
    repair: (count: number) => `Repair ${counted(count, "number", "numbers")}`,
    repairTitle: "Send the calls here again?",
    repairExplained: (count: number) =>
      `The carrier is told to send the calls to ${counted(count, "number", "numbers")} to this service. That replaces the voice URL, application or trunk that is set there now. If something else answers these calls on purpose, do not go on.`,
    repairSubmit: "Send the calls here",
  },
};
