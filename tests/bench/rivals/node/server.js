// The rival in Node: a local presence server as a team would write it on grpc-js and pg,
// with one query and one insert per call on localdial's own tables.
//   node server.js PROTO-FOLDER... [--database URL]
// Without a database, calls do nothing.
import { parseArgs } from "node:util";
import { loadPackageDefinition, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import pg from "pg";
import { v7 as uuid } from "uuid";

// With a name, a statement is prepared once on each connection.
const QUERY = {
  name: "query",
  text: `
    SELECT u.caller_id, o.organization_number, r.revision, ARRAY(
      SELECT phone_number FROM numbers
      WHERE organization_id = $1 AND area_code = $3 AND state = 'active'
    ) AS numbers
    FROM users u JOIN organizations o USING (organization_id) JOIN revisions r USING (organization_id)
    WHERE u.organization_id = $1 AND u.user_id = $2`,
};
const INSERT = {
  name: "insert",
  text: `
    INSERT INTO outbound_calls
      (organization_id, call_id, user_id, callee_number, caller_id, reason, call_time, revision)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

// Enough for PostgreSQL to commit several calls with one fsync.
const CONNECTIONS = 32;

async function resolve(pool, request) {
  const areaCode = areaCodeOf(request.callee_number);
  const { organization_id: organization, user_id: user, callee_number: callee } = request;
  const { rows } = await pool.query({ ...QUERY, values: [organization, user, areaCode] });
  if (rows.length === 0) {
    throw failure(status.NOT_FOUND, "no such user");
  }
  const { revision, ...known } = rows[0];
  const [shown, reason] = choose(callee, areaCode, known);
  let callId = request.call_id;
  if (!request.validate_only) {
    callId ||= uuid();
    const microseconds = Date.now() * 1000;
    await pool.query({
      ...INSERT,
      values: [organization, callId, user, callee, shown, reason, microseconds, revision],
    });
  }
  return {
    caller_id: shown,
    reason: `CALLER_ID_REASON_${reason.toUpperCase()}`,
    callee_area_code: areaCode,
    call_id: callId,
    revision,
  };
}

function areaCodeOf(number) {
  if (!/^\+1\d{10}$/.test(number)) {
    throw failure(status.INVALID_ARGUMENT, "callee_number: only North American numbers are served");
  }
  return number.slice(2, 5);
}

// Returns the number to show and why. The rules are localdial's without area code mappings.
function choose(callee, areaCode, { caller_id: callerId, organization_number: organizationNumber, numbers }) {
  if (callerId?.startsWith(`+1${areaCode}`) && callerId !== callee) {
    return [callerId, "agent_caller_id_local"];
  }
  if (numbers.length > 0) {
    return [spread(callee, numbers), "local_presence"];
  }
  if (callerId && callerId !== callee) {
    return [callerId, "agent_caller_id"];
  }
  if (organizationNumber && organizationNumber !== callee) {
    return [organizationNumber, "organization_number"];
  }
  throw failure(status.FAILED_PRECONDITION, "no caller ID");
}

// Returns the same number for the same callee, by rendezvous hashing.
function spread(callee, numbers) {
  return numbers
    .map((number) => [fnv1a(callee + number), number])
    .reduce((best, each) => (each[0] > best[0] ? each : best))[1];
}

function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

function failure(code, details) {
  return Object.assign(new Error(details), { code, details });
}

function handler(database) {
  if (database === undefined) {
    return (call, answer) => answer(null, { caller_id: call.request.callee_number });
  }
  const pool = new pg.Pool({ connectionString: database, max: CONNECTIONS });
  return (call, answer) =>
    resolve(pool, call.request).then(
      (response) => answer(null, response),
      (error) =>
        answer(error.details ? error : failure(status.UNAVAILABLE, "the database failed")),
    );
}

const { values, positionals } = parseArgs({ options: { database: { type: "string" } }, allowPositionals: true });
const definition = loadSync("localdial/v1/call_routing.proto", {
  includeDirs: positionals,
  keepCase: true,
  enums: String,
  longs: String,
});
const server = new Server();
server.addService(loadPackageDefinition(definition).localdial.v1.CallRouting.service, {
  ResolveOutboundCallerId: handler(values.database),
});
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    throw error;
  }
  console.log(`127.0.0.1:${port}`);
});
