// A flow log record: its line, taken apart.

export interface Rec {
  /** The same for the same record. */
  key: string;
  /** Unix milliseconds. */
  time: number;
  stream: string;
  message: string;
  /** In the order of the format. */
  cells: string[];
}

let made = 0;

export function record(time: number, stream: string, message: string): Rec {
  made += 1;
  return { key: String(made), time, stream, message, cells: message.split(" ") };
}

/** The value of a field; `-` where the record has none. */
export function value({ cells }: Pick<Rec, "cells">, fields: string[], name: string): string {
  return cells[fields.indexOf(name)] ?? "-";
}
