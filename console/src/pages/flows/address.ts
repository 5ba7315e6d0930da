import { href, type Params } from "../../app/url";
import type { Rec } from "../../record/record";

/** The address of a record's own page: all that a record is stands in it. */
export function recordAddress({ time, stream, message }: Pick<Rec, "time" | "stream" | "message">, group: string, params: Params): string {
  return href("flows/record", { ...params, group, stream, at: String(time), message });
}
