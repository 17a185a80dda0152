/** What TypeScript's compiler checks of a request, for plain JavaScript. */

import { type DescField, type DescMessage, isMessage, ScalarType } from "@bufbuild/protobuf";

/**
 * Throws a TypeError for a message of another type, whose fields would be sent; for anything that has no fields; for a
 * field that the message does not have, which would be left out; and for a value of another type than its field, which
 * would be sent as a string. `path` leads from the request to a message in it.
 */
export function requireType(schema: DescMessage, request: unknown, path = ""): void {
  const subject = path || "the request";
  if (isMessage(request)) {
    if (request.$typeName !== schema.typeName) throw wrongType(subject, schema, request.$typeName);
  } else if (kindOf(request) !== "Object") {
    throw wrongType(subject, schema, kindOf(request));
  }
  for (const [name, value] of Object.entries(request as object)) {
    // The fields of a message are beside its type and what a newer server sent.
    if (value === undefined || (isMessage(request) && name.startsWith("$"))) continue;
    const member = schema.members.find(({ localName }) => localName === name);
    if (!member) {
      const meant = schema.fields.find((field) => field.name === name);
      const hint = meant ? `: use ${meant.localName}` : "";
      throw new TypeError(`${subject} is a ${schema.typeName}, which has no field ${name}${hint}`);
    }
    if (member.kind === "field" && value !== null) requireValue(member, value, path ? `${path}.${name}` : name);
  }
}

function requireValue(field: DescField, value: unknown, path: string): void {
  if (field.fieldKind !== "list") {
    requireSingleValue(field, value, path);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) requireSingleValue(field, item, `${path}[${index}]`);
  } else {
    throw new TypeError(`${path} must be an Array, not ${kindOf(value)}`);
  }
}

function requireSingleValue(field: DescField, value: unknown, path: string): void {
  if (field.message) {
    requireType(field.message, value, path);
    return;
  }
  const kinds = kindsOf(field);
  if (!kinds.includes(kindOf(value))) {
    throw new TypeError(`${path} must be a ${kinds.join(" or ")}, not ${kindOf(value)}`);
  }
}

/** Returns what the values of a field without a message may be. */
function kindsOf({ enum: enumeration, scalar }: DescField): string[] {
  if (enumeration) return ["number"];
  switch (scalar) {
    case ScalarType.STRING:
      return ["string"];
    case ScalarType.BOOL:
      return ["boolean"];
    case ScalarType.BYTES:
      return ["Uint8Array"];
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return ["bigint", "number", "string"];
    default:
      return ["number"];
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
