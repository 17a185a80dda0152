/** Lists that come in pages. */

interface Page {
  nextPageToken: string;
}

/** The largest page that the server sends. */
export const PAGE_SIZE = 1000;

/** Returns the items of all pages. `get` gets the page of a token, and `itemsOf` takes its items out. */
export async function allPages<P extends Page, T>(
  get: (page: { pageSize: number; pageToken: string }) => Promise<P>,
  itemsOf: (page: P) => readonly T[],
): Promise<T[]> {
  const items: T[] = [];
  let pageToken = "";
  do {
    const page = await get({ pageSize: PAGE_SIZE, pageToken });
    items.push(...itemsOf(page));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return items;
}
