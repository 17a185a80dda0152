/** The texts of the view of the organization and its users. */

import { counted, LOCALE, sentence } from "./words";

export const peopleTexts = {
  people: {
    title: "People",
    caption: "The users of the organization",
    search: "Search name, ID or phone",
    none: "There are no users yet",
    howToBegin: "Add the agents who call borrowers, with the phones on which they take call-backs.",
    readOnly: "You may look at the users. A manager can change them.",
    add: "Add user",
    importCsv: "Import CSV",
    shown: (shown: number, all: number) =>
      shown === all
        ? counted(all, "user", "users")
        : `${shown.toLocaleString(LOCALE)} of ${counted(all, "user", "users")}`,
    figure: {
      users: "Users",
      withoutWorkPhone: "Without a work phone",
      withoutCallerId: "Without a caller ID",
      showThem: "Show them",
      showAll: "Show all",
      showLabel: (lack: string, isShown: boolean) => `${lack}: ${isShown ? "show all" : "show them"}`,
    },
    column: {
      name: "Name",
      userId: "ID",
      workPhone: "Work phone",
      callerId: "Caller ID",
      missing: "Missing",
      actions: "Actions",
    },
    lacks: {
      workPhone: "No work phone",
      callerId: "No caller ID",
    },
    edit: "Edit",
    editOf: (user: string) => `Edit ${user}`,
    remove: "Delete",
    removeOf: (user: string) => `Delete ${user}`,
  },
  organization: {
    number: (number: string) => `Organization number ${number}`,
    noNumber: "No organization number: call-backs that reach no agent fail, and so do calls without any caller ID.",
    edit: "Edit organization",
    title: "Edit organization",
    name: "Name",
    phone: "Organization number",
    phoneHint: "The caller ID if nothing else fits, and where call-backs go that reach no agent.",
    saved: "The organization was changed.",
  },
  user: {
    addTitle: "Add user",
    editTitle: (user: string) => `Edit ${user}`,
    userId: "ID",
    userIdHint: "The identifier that your dialer uses. It cannot be changed later.",
    name: "Name",
    workPhone: "Work phone",
    workPhoneHint: "Where the agent takes call-backs.",
    callerId: "Caller ID",
    callerIdHint: "The agent’s own number. It is shown if it is local to the borrower, or if no local number fits.",
    save: "Save",
    idMissing: "Type an ID.",
    idTaken: (userId: string) => `There is already a user with the ID ${userId}. Edit that user instead.`,
    isInvalid: (description: string) => sentence(description),
    added: (user: string) => `${user} was added.`,
    changed: (user: string) => `${user} was changed.`,
    deleteTitle: (user: string) => `Delete ${user}?`,
    deleted: (user: string) => `${user} was deleted.`,
    consequences: [
      "Calls of this agent are refused from now on.",
      "Call-backs that would have reached the agent go to the organization number.",
      "The records of the agent’s calls are kept.",
    ],
    submitDelete: "Delete user",
  },
  userImport: {
    title: "Import users from CSV",
    format:
      "The file has the columns user_id, display_name, caller_id and work_phone, in any order. Each row creates a user or replaces the one with its ID. Users that are not in the file stay as they are. Numbers such as (206) 555-0192 are read as numbers of the US and Canada. You see what changes before anything is changed.",
    file: "CSV file",
    template: "Download the present users",
    checking: (rows: number) => `Checking ${counted(rows, "row", "rows")} …`,
    notText: "The file is not a CSV file in UTF-8 or UTF-16. Save it as “CSV UTF-8”.",
    tooLarge: (most: number) =>
      `The file has more than ${most.toLocaleString(LOCALE)} rows. Split it, or use the command “localdial users import”.`,
    columns: (missing: readonly string[]) =>
      `The first line must name the columns. ${missing.length === 1 ? "This one is" : "These are"} missing: ${missing.join(", ")}.`,
    empty: "The file has no users.",
    unclosed: "A quote is not closed in this row. The rest of the file was not read.",
    fieldCount: "The row has more values than there are columns.",
    duplicate: (line: number) => `is the same as in line ${line}`,
    summary: (added: number, changed: number, unchanged: number) =>
      `${counted(added, "new user", "new users")}, ${changed.toLocaleString(LOCALE)} changed, ${unchanged.toLocaleString(LOCALE)} unchanged`,
    rejects: (count: number) => `${counted(count, "row is", "rows are")} wrong`,
    rejectsExplained:
      "Correct them here and check again, or import the others without them. Nothing has been written yet.",
    moreRejects: (count: number) =>
      `${counted(count, "more row is", "more rows are")} wrong. Correct them in the file.`,
    line: (line: number) => `Line ${line}`,
    problem: (column: string, description: string) => sentence([column, description].filter(Boolean).join(" ")),
    isCalculated: "is what a spreadsheet has made of a phone number; type the number again",
    check: "Check again",
    saveRejects: "Download the wrong rows",
    changes: "What changes",
    moreChanges: (count: number) => `and ${counted(count, "more user", "more users")}`,
    fieldName: { displayName: "Name", callerId: "Caller ID", workPhone: "Work phone" },
    isNew: "New",
    cleared: "(empty)",
    nothing: "The file changes nothing.",
    submit: (count: number, left: number) =>
      count === 0
        ? "Import"
        : `Import ${counted(count, "user", "users")}${left > 0 ? `, leave out ${left.toLocaleString(LOCALE)}` : ""}`,
    done: (count: number) => `${counted(count, "user was", "users were")} imported.`,
    stopped: (count: number) =>
      `${counted(count, "user was", "users were")} imported, and then the import stopped. Importing again is safe.`,
  },
};
