/** The texts of the numbers page. */

import type { Failure } from "../api/failure";
import type { Purchase } from "../numbers/purchase/open_purchases";
import { isNothingBought } from "../numbers/purchase/settle";
import type { Cost } from "../numbers/rows";
import { sharedTexts } from "./shared";
import { counted, LOCALE, listed } from "./words";

export const numbersTexts = {
  areaCodes: {
    list: "Area codes",
    noMatch: "No area code matches.",
    invalid: (code: string) =>
      `“${code}” is no geographic area code. Type one such as 415, or choose one from the list.`,
    sameArea: (codes: readonly string[]) => `same area as ${listed(codes)}`,
    calls: (calls: string) => `${calls} calls`,
    calledWithout: (calls: string) => `${calls} calls, none local`,
    calledWithoutInDays: (calls: string) => `${calls} calls in 7 days showed no local number`,
  },
  numbers: {
    title: "Numbers",
    caption: "The local presence numbers of the organization",
    search: "Search number, code or place",
    none: "You have no numbers yet",
    howToBegin: "Buy numbers in the area codes that you call. Borrowers then see a local number.",
    readOnly: "You may look at the numbers. A manager can change them.",
    external: "external",
    externalHint: "Held at another carrier, which sends its own bill",
    noAreaCode: "None",
    selectAll: "Tick all numbers that are shown",
    select: (number: string) => `Tick ${number}`,
    shown: (shown: number, all: number, ticked: number) =>
      (shown === all
        ? counted(all, "number", "numbers")
        : `${shown.toLocaleString(LOCALE)} of ${counted(all, "number", "numbers")}`) +
      (ticked > 0 ? `, ${ticked.toLocaleString(LOCALE)} ticked` : ""),
    figure: {
      count: "Numbers",
      active: (active: number, all: number) =>
        active === all
          ? "All active"
          : `${active.toLocaleString(LOCALE)} active, ${(all - active).toLocaleString(LOCALE)} not`,
      cost: "Cost a month",
      withoutPrice: (count: number) =>
        count === 0 ? "By the carrier’s list prices" : `${counted(count, "number has", "numbers have")} no known price`,
      localShare: (days: number) => `Local share, last ${days} days`,
      calls: (calls: number) => (calls === 0 ? "No calls counted yet" : `Of ${counted(calls, "call", "calls")}`),
      notCounted: (failure: Failure) => `Not counted: ${sharedTexts.failure.explain(failure)}`,
    },
    column: {
      number: "Number",
      areaCode: "Area code and place",
      alsoShownFor: "Also shown for",
      state: "State",
      shownToday: "Shown today",
      shownInDays: "Shown in 7 days",
      lastShown: "Last shown",
      cost: "Cost a month",
      ownedSince: "Owned since",
      by: "Added by",
    },
    state: {
      PURCHASING: "Buying",
      ACTIVE: "Active",
      RELEASING: "Releasing",
      RELEASED: "Released",
    },
  },
  purchase: {
    title: "Purchase Org Numbers",
    areaCode: "Area code",
    areaCodeHint: "Type an area code or a state, or choose from the list.",
    quantity: "How many",
    quantityHint: (most: number) => `1 to ${most}`,
    asking: "Asking the carrier …",
    stock: (found: number, limit: number) =>
      found === 0 ? "none for sale" : `${found >= limit ? `${limit}+` : found} for sale`,
    available: (found: number, limit: number, code: string, wanted: number) =>
      found < wanted
        ? `The carrier has only ${found} in ${code} now. You get what it has.`
        : `The carrier has ${found >= limit ? `${limit} or more` : found} in ${code} now.`,
    noneNow: (code: string) => `The carrier has no numbers in ${code} now.`,
    stockUnknown: "The carrier’s stock is not known. You can buy all the same: you pay only for what you get.",
    alternatives: "There are numbers in",
    submit: (quantity: number | undefined, price: string | undefined) =>
      quantity === undefined ? "Buy" : `Buy ${quantity}${price === undefined ? "" : ` for ${price} a month`}`,
    buying: ({ quantity, areaCode }: Purchase) => `Buying ${counted(quantity, "number", "numbers")} in ${areaCode} …`,
    waiting: ({ quantity, areaCode }: Purchase, { reason }: Failure) =>
      `${counted(quantity, "number", "numbers")} in ${areaCode}: ` +
      (reason === "PURCHASE_PENDING"
        ? "the order is with the carrier, which has not confirmed it yet. Nothing is bought twice."
        : "the outcome is not known, because the server does not answer. We keep asking. Nothing is bought twice."),
    bought: (quantity: number, code: string) =>
      `${counted(quantity, "number", "numbers")} in ${code} ${quantity === 1 ? "was" : "were"} purchased.`,
    boughtPart: (
      active: number,
      { quantity, areaCode }: Purchase,
      missing: number,
      why: Failure | undefined,
      useless: number,
    ) =>
      [
        `${active} of ${counted(quantity, "number", "numbers")} in ${areaCode} ${active === 1 ? "was" : "were"} purchased.`,
        missing > 0 &&
          `${missing} ${missing === 1 ? "is" : "are"} missing: ${why?.reason === "NO_NUMBERS_AVAILABLE" ? "the carrier has no more." : why === undefined ? "" : sharedTexts.failure.explain(why)}`,
        useless > 0 &&
          `${useless} ${useless === 1 ? "takes" : "take"} no voice calls and ${useless === 1 ? "is" : "are"} released again.`,
      ]
        .filter(Boolean)
        .join(" "),
    none: (code: string, others: readonly string[] = []) =>
      `No numbers in ${code}. Nothing was charged.${others.length > 0 ? ` There are numbers in ${listed(others)}.` : ""}`,
    buyIn: (code: string) => `Buy in ${code}`,
    failed: ({ quantity, areaCode }: Purchase, failure: Failure) =>
      `${counted(quantity, "number", "numbers")} in ${areaCode}: ${isNothingBought(failure) ? "nothing was bought." : "the outcome is not known."} ${sharedTexts.failure.whole(failure)}`,
    change: "Change the order",
    stop: "Stop asking",
  },
  mapping: {
    open: "Add mapping",
    tickOne: "Tick one number to map area codes to it",
    title: (number: string) => `Add mapping to ${number}`,
    explanation: (number: string) =>
      `Borrowers in these area codes are shown ${number}, as long as you own no number with their own code.`,
    already: "Also shown for",
    areaCodes: "Area codes",
    hint: "Several at once: separate them with spaces or commas.",
    chosen: "To be added",
    overlays: (code: string) => `Assigned in the same area as ${code}`,
    called: "Called in the last 7 days without a local number",
    add: (code: string) => `+ ${code}`,
    addTo: (number: string) => `Add mapping to ${number}`,
    doNotAdd: (code: string) => `Do not add ${code}`,
    more: (more: number) => `+${more}`,
    showAll: (number: string, more: number) =>
      `${number}: show ${counted(more, "more area code", "more area codes")}, or add some`,
    submit: (count: number) => (count === 0 ? "Map" : `Map ${counted(count, "area code", "area codes")}`),
    invalid: (codes: readonly string[], own: string) =>
      codes.every((code) => code === own)
        ? `${own} is the number’s own area code: its borrowers are shown it anyway.`
        : `${listed(codes.map((code) => `“${code}”`))}: no geographic area code.`,
    remove: (code: string, number: string) => `Remove ${code} from ${number}`,
    mapped: (codes: readonly string[], number: string) => `${number} is now also shown for ${listed(codes)}.`,
    removed: (code: string, number: string) => `${number} is no longer shown for ${code}.`,
    restored: (code: string, number: string) => `${number} is shown for ${code} again.`,
  },
  mappingFile: {
    open: "Mappings as CSV",
    title: "Mappings as CSV",
    save: "Save the mappings",
    format: "One line for each mapping, with the columns phone_number and area_code.",
    download: "Download",
    load: "Change them by a file",
    explanation:
      "The file says all mappings of the numbers in it. Other numbers stay as they are. You see what changes before anything is changed.",
    submit: (changes: number) => (changes === 0 ? "Apply" : `Change ${counted(changes, "number", "numbers")}`),
    faults: (faults: number) =>
      `${counted(faults, "line is", "lines are")} wrong. Nothing is changed. Correct the file, and choose it again.`,
    line: (line: number) => `Line ${line}:`,
    columns: (number: string, code: string) => `the heading must have the columns ${number} and ${code}.`,
    empty: "the file has no mappings.",
    notOwned: (number: string) => `the organization does not own “${number}”.`,
    notActive: (number: string) => `${number} is not active.`,
    own: (code: string) => `${code} is the number’s own area code.`,
    nothing: "The file changes nothing.",
    changes: (changes: number, unchanged: number) =>
      `${counted(changes, "number changes", "numbers change")}${unchanged > 0 ? `, ${unchanged.toLocaleString(LOCALE)} stay as they are` : ""}`,
    applied: (changes: number) => `The mappings of ${counted(changes, "number", "numbers")} were changed.`,
    stopped: "A part of the file may have been applied. What is left is shown above. Apply it again.",
  },
  deletion: {
    open: (count: number) =>
      count === 0 ? "Delete Org Numbers" : `Delete Org Numbers (${count.toLocaleString(LOCALE)})`,
    title: "Delete Org Numbers",
    tickSome: "Tick the numbers to delete",
    numbers: "Numbers to delete",
    question: (count: number) =>
      count === 1 ? "Delete this number?" : `Delete these ${count.toLocaleString(LOCALE)} numbers?`,
    shownInDays: (calls: number) =>
      calls === 0 ? "not shown in 7 days" : `shown ${counted(calls, "time", "times")} in 7 days`,
    released: (count: number) =>
      `${count === 1 ? "It is" : "They are"} released at the carrier at once. This cannot be undone.`,
    forgotten: (count: number) =>
      `${counted(count, "number is", "numbers are")} held at another carrier: deleting only forgets ${count === 1 ? "it" : "them"} here.`,
    callBacks: (count: number, shown: number) =>
      `Call-backs to ${count === 1 ? "it" : "them"} no longer reach you.` +
      (shown > 0
        ? ` Borrowers saw ${count === 1 ? "it" : "them"} on ${counted(shown, "call", "calls")} in the last 7 days.`
        : ""),
    mappings: (codes: number) => `${counted(codes, "mapping ends", "mappings end")}.`,
    saved: (cost: Cost) =>
      sharedTexts.cost(cost) ? `This saves ${sharedTexts.cost(cost)} a month.` : "What this saves is not known.",
    stillShown: "These would still be shown on calls, although nobody could call them back. Change that first:",
    callerIdOf: (number: string, user: string) => `${number} is the caller ID of ${user}.`,
    organizationNumber: (number: string) => `${number} is the organization number.`,
    type: (count: number) => `Type ${count} to confirm`,
    submit: (count: number) => `Delete ${counted(count, "number", "numbers")}`,
    deleted: (count: number, releasing: number) =>
      `${counted(count, "number was", "numbers were")} deleted.` +
      (releasing > 0
        ? ` The carrier has not released ${releasing === count ? (count === 1 ? "it" : "them") : releasing} yet: see the state.`
        : ""),
    notDeleted: (count: number) => `${counted(count, "number was", "numbers were")} not deleted:`,
  },
  importing: {
    open: "Import from the carrier",
    title: "Import from the carrier account",
    explanation: "Numbers that the carrier account owns and that no organization uses.",
    caption: "Numbers that can be imported",
    search: "Search",
    none: "The carrier account has no numbers to import",
    shared: "The carrier account is shared with other organizations, so only an admin may import from it.",
    column: {
      number: "Number",
      place: "Place",
      name: "Name at the carrier",
    },
    configure: "Have the carrier send their calls here",
    configureHint: "Call-backs need it. It replaces the voice settings that the numbers have at the carrier.",
    submit: (count: number) => (count === 0 ? "Import" : `Import ${counted(count, "number", "numbers")}`),
    imported: (count: number) => `${counted(count, "number was", "numbers were")} imported.`,
    notImported: (count: number) => `${counted(count, "number was", "numbers were")} not imported:`,
  },
};
