/** Iterates over the pages and the items of a list. */

import type { CallOptions } from "@connectrpc/connect";

/** A method that returns a list in pages, such as `client.numberInventory.listNumbers`. */
export type ListMethod<Request, Page> = (request: Request, options?: CallOptions) => Promise<Page>;

/**
 * Yields the pages of a list in order, from the page of the request to the last one.
 *
 * Each page is fetched when it is needed. The options apply to each fetch. The request is not changed. Throws what the
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
    // A copy needs the prototype of the message, which holds the defaults of its fields.
    const copy: Request = Object.assign(Object.create(Object.getPrototypeOf(request)), request);
    next = Object.assign(copy, { pageToken: page.nextPageToken });
  }
}

/**
 * Yields the items of all pages in order: `items(client.directory.listUsers, request, (page) => page.users)`.
 *
 * Everything else is as with `pages`.
 */
export async function* items<Request extends { pageToken?: string }, Page extends { nextPageToken: string }, Item>(
  method: ListMethod<Request, Page>,
  request: Request,
  itemsOf: (page: Page) => Iterable<Item>,
  options?: CallOptions,
): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages(method, request, options)) yield* itemsOf(page);
}
