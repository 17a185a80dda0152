/** What TypeScript's compiler checks of a request, for plain JavaScript. */

import { type DescMessage, isMessage } from "@bufbuild/protobuf";

/**
 * Throws a TypeError for a message of another type, whose fields would be sent; for anything that has no fields; and for
 * a field that the message does not have, which would be left out. `path` leads from the request to a message in it.
 */
export function requireType(schema: DescMessage, request: unknown, path = ""): void {
  const subject = path || "the request";
  if (isMessage(request)) {
    if (request.$typeName !== schema.typeName) throw wrongType(subject, schema, request.$typeName);
    return;
  }
  if (kindOf(request) !== "Object") throw wrongType(subject, schema, kindOf(request));
  for (const [name, value] of Object.entries(request as object)) {
    if (value === undefined) continue;
    const member = schema.members.find(({ localName }) => localName === name);
    if (!member) {
      const meant = schema.fields.find((field) => field.name === name);
      const hint = meant ? `: use ${meant.localName}` : "";
      throw new TypeError(`${subject} is a ${schema.typeName}, which has no field ${name}${hint}`);
    }
    if (member.kind !== "field" || !member.message || value === null) continue;
    const inner = path ? `${path}.${name}` : name;
    if (member.fieldKind === "message") {
      requireType(member.message, value, inner);
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) requireType(member.message, item, `${inner}[${index}]`);
    }
  }
}

function wrongType(subject: string, { typeName }: DescMessage, given: string): TypeError {
  return new TypeError(`${subject} must be a ${typeName} or an object with its fields, not ${given}`);
}

/** Returns what a value is, such as `null`, `string`, `Array`, or `Object` also for an instance of a class. */
function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
