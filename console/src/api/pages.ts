// Lists that come in pages.

import { call, type Service } from "./call";

/** Which list it is. */
export interface Listing<Output, Item> {
  service: Service;
  operation: string;
  input?: object;
  items: (output: Output) => Item[] | undefined;
  /** The member that has the token of the next page, in the answer and in what is asked. */
  token?: "NextToken" | "nextToken" | "ContinuationToken";
  /** Most items that are fetched. */
  most?: number;
  /** Another region than that of the page. */
  region?: string;
}

/** The pages of a list, one after the other. */
export async function everyPage<Output, Item>(listing: Listing<Output, Item>, signal?: AbortSignal): Promise<Item[]> {
  const { service, operation, input = {}, items, token = "NextToken", most = 5000, region } = listing;
  const found: Item[] = [];
  let next: string | undefined;
  do {
    const output = await call<Output & Record<string, string | undefined>>(service, operation, next ? { ...input, [token]: next } : input, signal, region);
    for (const item of items(output) ?? []) found.push(item);
    next = output[token];
  } while (next && found.length < most);
  return found.slice(0, most);
}
