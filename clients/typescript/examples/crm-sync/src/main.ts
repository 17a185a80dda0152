#!/usr/bin/env node
/** Syncs an organization with a CRM: sets its users, and buys numbers where its borrowers are. See README.md. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { Client, LocaldialError } from "@localdial/client";
import { buy, findGaps, type Gap, noNumbers } from "./coverage.js";
import { BadInput, type Problem } from "./csv.js";
import { checkUsers, writeUsers } from "./users.js";

const usage = `usage: crm-sync --organization ID [--users FILE] [--area-codes FILE] [options]

  --organization ID         the organization, which must exist
  --users FILE              CSV with the columns user_id, display_name, caller_id, work_phone
  --area-codes FILE         CSV with the column area_code: where borrowers are
  --quantity N              how many numbers to buy in an area code that has none (1)
  --dry-run                 check everything, but write and buy nothing
  --yes                     buy without asking
  --address HOST:PORT       the server; may be repeated (127.0.0.1:50051)
  --tls                     encrypt the connection
  --root-certificate FILE   trust these authorities, instead of those of Node.js, and encrypt
The API key is read from the environment variable LOCALDIAL_KEY.`;

const exit = { done: 0, failed: 1, usage: 2 } as const;

/** The command line is wrong. */
class UsageError extends Error {}

/** The options of the command line. */
interface Options {
  readonly organizationId: string;
  readonly users: string | undefined;
  readonly areaCodes: string | undefined;
  readonly quantity: number;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly client: Client;
}

function optionsOf(args: string[]): Options {
  const { values } = parsed(args);
  if (!values.organization) throw new UsageError("--organization is missing");
  if (!values.users && !values["area-codes"])
    throw new UsageError("there is nothing to do: set --users or --area-codes");
  const quantity = Number(values.quantity);
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > 100)
    throw new UsageError("--quantity must be 1 to 100");
  const asks = values["area-codes"] !== undefined && !values.yes && !values["dry-run"];
  if (asks && !process.stdin.isTTY)
    throw new UsageError("there is nobody to ask before buying: set --yes or --dry-run");
  return {
    organizationId: values.organization,
    users: values.users,
    areaCodes: values["area-codes"],
    quantity,
    dryRun: values["dry-run"],
    yes: values.yes,
    client: clientOf(values.address, values.tls, values["root-certificate"]),
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        organization: { type: "string" },
        users: { type: "string" },
        "area-codes": { type: "string" },
        quantity: { type: "string", default: "1" },
        "dry-run": { type: "boolean", default: false },
        yes: { type: "boolean", default: false },
        address: { type: "string", multiple: true, default: ["127.0.0.1:50051"] },
        tls: { type: "boolean", default: false },
        "root-certificate": { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function clientOf(address: string[], tls: boolean, rootCertificate: string | undefined): Client {
  try {
    const trusted = rootCertificate === undefined ? {} : { rootCertificate: readFileSync(rootCertificate) };
    const encrypted = tls || rootCertificate !== undefined;
    return new Client({ address, key: process.env.LOCALDIAL_KEY || undefined, tls: encrypted && trusted });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function main(options: Options): Promise<number> {
  const { client, organizationId, dryRun } = options;
  const problems: Problem[] = [];
  const users = options.users ? await checkUsers(client, organizationId, options.users, problems) : [];
  const gaps = options.areaCodes
    ? await findGaps(client, organizationId, options.areaCodes, options.quantity, problems)
    : [];
  if (problems.length) {
    throw new BadInput(problems.sort((one, other) => one.file.localeCompare(other.file) || one.line - other.line));
  }
  if (options.users) {
    if (!dryRun)
      await writeUsers(client, organizationId, users, (written) =>
        note(`${written} of ${counted(users.length, "user")}`),
      );
    const are = users.length === 1 ? "is" : "are";
    console.log(`${counted(users.length, "user")} ${dryRun ? "would be" : are} set`);
  }
  return options.areaCodes ? await closeGaps(options, gaps) : exit.done;
}

async function closeGaps({ client, organizationId, quantity, dryRun, yes }: Options, gaps: Gap[]): Promise<number> {
  for (const { areaCode, available } of gaps) if (available === 0) warn(noNumbers(areaCode));
  const areaCodes = gaps.filter(({ available }) => available > 0).map(({ areaCode }) => areaCode);
  if (areaCodes.length === 0) {
    console.log(gaps.length ? "there is nothing to buy" : "every area code has a number");
    return exit.done;
  }
  const plan = `${counted(quantity * areaCodes.length, "number")} for ${organizationId}, ${quantity} in each of: ${areaCodes.join(", ")}`;
  if (dryRun) {
    console.log(`would buy ${plan}`);
    return exit.done;
  }
  if (!yes && !(await confirmed(`Buy ${plan}? This costs money every month. [y/N] `))) {
    console.log("nothing was bought");
    return exit.failed;
  }
  const { bought, warnings, failures } = await buy(client, organizationId, areaCodes, quantity);
  for (const each of bought) console.log(`bought ${each}`);
  for (const each of warnings) warn(each);
  for (const each of failures) console.error(`error: ${each}`);
  return failures.length ? exit.failed : exit.done;
}

async function confirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

/** Returns a number and its noun, such as `1 user` or `2 users`. */
function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function note(text: string): void {
  if (process.stderr.isTTY) console.error(text);
}

function warn(text: string): void {
  console.error(`warning: ${text}`);
}

/** Prints an error that the program can explain, and returns its exit code. Throws any other error again. */
function explained(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`);
    return exit.usage;
  }
  if (error instanceof BadInput) {
    console.error(`${error.message}\n${counted(error.problems.length, "problem")}; nothing was written or bought`);
    return exit.failed;
  }
  if (error instanceof LocaldialError || (error instanceof Error && "syscall" in error)) {
    console.error(`error: ${error.message}`);
    return exit.failed;
  }
  throw error;
}

let options: Options | undefined;
try {
  options = optionsOf(process.argv.slice(2));
  process.exitCode = await main(options);
} catch (error) {
  process.exitCode = explained(error);
} finally {
  await options?.client.close();
}
