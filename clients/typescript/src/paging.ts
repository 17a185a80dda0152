/** All pages of a list, one after the other. */

import type { CallOptions } from "@connectrpc/connect";

/** A method that lists, such as `client.numberInventory.listNumbers`. */
export type ListMethod<Request, Page> = (request: Request, options?: CallOptions) => Promise<Page>;

/**
 * Fetches the pages that `method` answers, from that of the request to the last.
 *
 * A page is fetched when it is asked for. The options hold for each page; the request is not changed. Throws what the
 * method throws.
 */
export async function* pages<Request extends { pageToken?: string }, Page extends { nextPageToken: string }>(
  method: ListMethod<Request, Page>,
  request: Request,
  options?: CallOptions,
): AsyncGenerator<Page, void, undefined> {
  let next = request;
  for (;;) {
    const page = await method(next, options);
    yield page;
    if (!page.nextPageToken) return;
    // The prototype of a message holds the defaults of its fields.
    const copy: Request = Object.assign(Object.create(Object.getPrototypeOf(request)), request);
    next = Object.assign(copy, { pageToken: page.nextPageToken });
  }
}

/**
 * Fetches the items of all pages, one by one: `items(client.directory.listUsers, request, (page) => page.users)`.
 *
 * Otherwise like `pages`.
 */
export async function* items<Request extends { pageToken?: string }, Page extends { nextPageToken: string }, Item>(
  method: ListMethod<Request, Page>,
  request: Request,
  itemsOf: (page: Page) => Iterable<Item>,
  options?: CallOptions,
): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages(method, request, options)) yield* itemsOf(page);
}
