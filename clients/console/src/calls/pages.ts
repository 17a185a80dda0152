/** Lists of calls, which are loaded page by page. */

/** A page of calls. `next` is what gets the page after it. */
export interface CallsPage<T, P> {
  readonly calls: readonly T[];
  readonly next: P | undefined;
}

/** As many calls as a page of a view has. */
export const VIEW_PAGE_SIZE = 100;

/** As many calls as a file has at most, so that the browser keeps them in its memory. */
export const MOST_CALLS = 50_000;

/** Returns all calls, or the first `most`. `progress` is told how many are loaded. */
export async function mostCalls<T, P>(
  getPage: (param?: P) => Promise<CallsPage<T, P>>,
  progress: (count: number) => void,
  most = MOST_CALLS,
): Promise<{ calls: T[]; isAll: boolean }> {
  const calls: T[] = [];
  let param: P | undefined;
  do {
    const page = await getPage(param);
    calls.push(...page.calls);
    param = page.next;
    if (param !== undefined) progress(calls.length);
  } while (param !== undefined && calls.length < most);
  return { calls: calls.slice(0, most), isAll: param === undefined && calls.length <= most };
}

/** Has a list load again by itself only as long as it is one page: more would be many calls, and rows would move. */
export function refetchOnePage(query: { state: { data: { pages: unknown[] } | undefined } }): number | false {
  return (query.state.data?.pages.length ?? 0) > 1 ? false : 30_000;
}
