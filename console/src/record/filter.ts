// What the filter bar understands: `action=REJECT dstport=22 bytes>1000 srcaddr=10.0.*`. All of it must hold.

export const OPERATORS = ["!=", ">=", "<=", "=", ">", "<"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Term {
  field: string;
  operator: Operator;
  value: string;
}

/** A text that is no filter, and what would be. */
export class FilterMistake extends Error {}

/** Reads a filter over these fields. */
export function parse(text: string, fields: string[]): Term[] {
  return text.trim().split(/\s+/).filter(Boolean).map((word) => {
    const [, field = "", operator, value] = /^([a-z0-9-]+)(!=|>=|<=|=|>|<)(.+)$/.exec(word) ?? [];
    if (!operator || !value) throw new FilterMistake(`"${word}" is no condition. Write a field, =, !=, <, > or the like, and a value: dstport=22.`);
    if (!fields.includes(field)) throw new FilterMistake(`The records have no field "${field}". They have ${fields.join(", ")}.`);
    if (!/^[\w.:*/-]+$/.test(value)) throw new FilterMistake(`"${value}" is no value of a record: it has letters, digits, and . : / - _ *.`);
    if (/[<>]/.test(operator) && !/^\d+$/.test(value)) throw new FilterMistake(`${operator} compares numbers, and "${value}" is none.`);
    return { field, operator: operator as Operator, value };
  });
}

/** As a filter pattern of CloudWatch Logs over records of these fields. */
export function toPattern(terms: Term[], fields: string[]): string {
  if (terms.length === 0) return "";
  const slots = fields.map((field) => {
    const name = field.replaceAll("-", "_");
    const conditions = terms.filter((term) => term.field === field).map(({ operator, value }) => `${name} ${operator} ${quoted(value)}`);
    return conditions.length > 0 ? conditions.join(" && ") : name;
  });
  return `[${slots.join(", ")}]`;
}

function quoted(value: string): string {
  return /^[\d]+$/.test(value) || value.includes("*") ? value : `"${value}"`;
}

const INSIGHTS: Record<string, string> = {
  "account-id": "accountId", "interface-id": "interfaceId", srcaddr: "srcAddr", dstaddr: "dstAddr", srcport: "srcPort", dstport: "dstPort",
  start: "startTime", end: "endTime", "log-status": "logStatus",
};

/** The name that Logs Insights gives a field. */
export function insightsName(field: string): string {
  return INSIGHTS[field] ?? field.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** As conditions of Logs Insights. */
export function toConditions(terms: Term[]): string[] {
  return terms.map(({ field, operator, value }) => {
    const name = insightsName(field);
    if (value.includes("*")) {
      const pattern = value.split("*").map((part) => part.replace(/[.]/g, "\\.").replaceAll("/", "\\/")).join(".*");
      return `${name} ${operator === "!=" ? "not like" : "like"} /^${pattern}$/`;
    }
    return `${name} ${operator} ${/^\d+$/.test(value) ? value : `"${value}"`}`;
  });
}

/** The query of Logs Insights that lists records that pass. */
export function toQuery(terms: Term[], limit: number): string {
  const filters = toConditions(terms).map((condition) => `| filter ${condition}\n`).join("");
  return `fields @timestamp, @message, @logStream\n${filters}| sort @timestamp desc\n| limit ${limit}`;
}
