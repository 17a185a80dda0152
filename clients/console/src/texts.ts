/** Every text of the page, in one place. To translate the page, replace this file and `LOCALE`. */

import type { Failure } from "./api/failure";

export const LOCALE = "en-US";

const plurals = new Intl.PluralRules(LOCALE);

/** Returns `1 number` or `3 numbers`. */
function counted(count: number, one: string, other: string): string {
  return `${count.toLocaleString(LOCALE)} ${plurals.select(count) === "one" ? one : other}`;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString(LOCALE, { hour: "numeric", minute: "2-digit" });
}

export const texts = {
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
    title: (failure: Failure) =>
      ({
        OFFLINE: "The server cannot be reached",
        PERMISSION_DENIED: "You may not see this",
        ORGANIZATION_NOT_FOUND: "There is no such organization",
      })[failure.reason as string] ?? "This did not work",
    explain: (failure: Failure) =>
      ({
        OFFLINE: "Check the connection. Nothing you entered is lost.",
        PERMISSION_DENIED: "Your API key does not allow it. Ask an administrator for another role.",
        STORAGE_UNAVAILABLE: "The server cannot reach its database. Try again in a minute.",
        OVERLOADED: "The server is busy. Try again in a few seconds.",
        SHUTTING_DOWN: "The server is restarting. Try again in a few seconds.",
        CARRIER_UNAVAILABLE: "The carrier does not answer. Try again in a minute.",
      })[failure.reason as string] ?? failure.message,
  },
  fields: {
    nameOf: (field: string) => field.replaceAll("_", " "),
  },
  table: {
    noMatch: "Nothing matches the search and the filters.",
    clearFilters: "Clear the search and the filters",
    searchHint: (label: string) => `${label}  (press /)`,
    filterOf: (column: string) => `Filter: ${column}`,
    all: "All",
    range: "A number or a range: 5, >5, <5 or 5-10",
  },
  numbers: {
    title: "Numbers",
    caption: "The local presence numbers of the organization",
    search: "Search",
    none: "You have no numbers yet",
    summary: (count: number) => counted(count, "number", "numbers"),
    column: {
      number: "Number",
      areaCode: "Area code",
      place: "Place",
      alsoShownFor: "Also shown for",
      state: "State",
      since: "Owned since",
    },
    state: {
      PURCHASING: "Buying",
      ACTIVE: "Active",
      RELEASING: "Releasing",
      RELEASED: "Released",
    },
  },
};
