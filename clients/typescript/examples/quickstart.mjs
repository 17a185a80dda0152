// Shows a call and its call-back: `node quickstart.mjs [address]`. The default is a server on this machine.
//
// Sets up an organization with one agent, which may be repeated, asks which caller ID a borrower is shown, and asks
// where the borrower's call-back to that number goes.

import { CallerIdReason, Client, DestinationReason, LocaldialError } from "@localdial/client";

const borrower = "+12125550123";
const organizationId = "example";
const client = new Client({ address: process.argv[2] ?? "127.0.0.1:50051" });
try {
  const organization = { organizationId, displayName: "Example Lending", organizationNumber: "+14085550100" };
  await client.directory.setOrganization({ organization });
  await client.directory.setUser({
    user: { organizationId, userId: "ann", displayName: "Ann", workPhone: "+14155550142" },
  });

  const shown = await client.callRouting.resolveOutboundCallerId(
    { organizationId, userId: "ann", calleeNumber: borrower },
    { timeoutMs: 500 },
  );
  console.log(`ann calls ${borrower}, who sees ${shown.callerId}`);
  console.log(`  because: ${CallerIdReason[shown.reason]}`);

  const route = await client.callRouting.routeInboundCall(
    { calledNumber: shown.callerId, callerNumber: borrower },
    { timeoutMs: 500 },
  );
  console.log(`${borrower} calls back and is connected with ${route.destinationNumber}`);
  console.log(`  because: ${DestinationReason[route.reason]}, user ${route.userId}`);
} catch (error) {
  if (!(error instanceof LocaldialError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await client.close();
}
