/** The texts around the views, and those that several views have. */

import type { Failure } from "../api/failure";
import type { Cost } from "../numbers/rows";
import { money, sentence, time } from "./words";

const NUMBER_IS_GONE = "The number is no longer in your inventory. Somebody else may have deleted it.";

export const sharedTexts = {
  shell: {
    brand: "Local Dial Presence",
    skip: "Skip to the content",
    views: "Views",
    view: {
      numbers: "Numbers",
      why: "Why this number?",
      calls: "Calls",
      "call-backs": "Call-backs",
      people: "People",
      health: "Health",
    },
    changeOrganization: (organization: string) => `Organization ${organization}: choose another`,
    signOut: "Sign out",
  },
  signIn: {
    title: "Sign in",
    explanation: "Enter an API key of your organization. It is kept for this tab only.",
    key: "API key",
    submit: "Sign in",
    refused: "The server does not accept this key. It may have expired, or been revoked.",
    wrongRole: "This key is for programs",
    useAnother: "It may not see the numbers. Sign in with the key of a viewer, a manager or an admin.",
  },
  organizations: {
    title: "Choose an organization",
    none: "There is no organization yet",
    howToAdd: "Create one with the command",
  },
  dialog: {
    close: "Close",
    cancel: "Cancel",
  },
  toasts: {
    label: "Messages",
    close: "Close the message",
  },
  states: {
    loading: "Loading …",
    retry: "Try again",
    stale: (since: number, failure: Failure) =>
      failure.reason === "OFFLINE"
        ? `The server cannot be reached. This was the state at ${time(since)}.`
        : `This is the state at ${time(since)}: ${failure.message}`,
  },
  failure: {
    numberIsGone: NUMBER_IS_GONE,
    title: (failure: Failure) =>
      ({
        OFFLINE: "The server cannot be reached",
        PERMISSION_DENIED: "You may not see this",
        ORGANIZATION_NOT_FOUND: "There is no such organization",
      })[failure.reason as string] ?? "This did not work",
    explain: (failure: Failure): string =>
      ({
        OFFLINE: "Check the connection. Nothing you entered is lost.",
        PERMISSION_DENIED: "Your API key does not allow it. Ask an administrator for another role.",
        NUMBER_NOT_FOUND: NUMBER_IS_GONE,
        STORAGE_UNAVAILABLE: "The server cannot reach its database. Try again in a minute.",
        OVERLOADED: "The server is busy. Try again in a few seconds.",
        SHUTTING_DOWN: "The server is restarting. Try again in a few seconds.",
        CARRIER_UNAVAILABLE: "The carrier does not answer. Try again in a minute.",
      })[failure.reason as string] ?? sentence(failure.message),
    /** What went wrong in one paragraph, with every field that is wrong. */
    whole: (failure: Failure): string =>
      failure.violations.length === 0
        ? sharedTexts.failure.explain(failure)
        : failure.violations
            .map(({ field, description }) => `${sharedTexts.fields.nameOf(field)} ${description}.`)
            .join(" "),
  },
  fields: {
    nameOf: (field: string) => field.replaceAll("_", " "),
  },
  /** In the place of a value that is not known. */
  unknown: "–",
  never: "Never",
  undo: "Undo",
  /** Who made a change, as the record of changes names them. */
  principal: (kind: string, name: string) =>
    ({
      key: `API key ${name}`,
      jwt: name,
      certificate: name,
      anonymous: "No sign-in",
      cli: "Command line",
      system: "The server",
    })[kind] ?? [kind, name].filter(Boolean).join(":"),
  /** What numbers cost a month, such as `$3.45`. `""` if no price is known. */
  cost: ({ sums }: Cost) => sums.map(money).join(" + "),
  table: {
    noMatch: "Nothing matches the search and the filters.",
    clearFilters: "Clear the search and the filters",
    searchHint: (label: string) => `${label}  (press /)`,
    filterOf: (column: string) => `Filter: ${column}`,
    all: "All",
    range: "A number or a range: 5, >5, <5 or 5-10",
    ages: {
      day: "Last 24 hours",
      week: "Last 7 days",
      month: "Last 30 days",
      quarter: "Last 90 days",
      older: "Longer ago",
      never: "Never",
    },
  },
};
