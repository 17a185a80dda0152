package org.localdial.client;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The pages of a list in order, from the page of the request to the last one.
 *
 * <p>Each page is fetched when it is needed, by one call with its own deadline. Fetching throws what the list's method
 * throws. Each iteration starts again at the first page.
 *
 * @param <P> a page, which is the response of the list's method
 * @param <T> an item of the list
 */
public final class Pages<P, T> implements Iterable<P> {
    private final String firstToken;
    private final Function<String, P> fetch;
    private final Function<P, String> nextToken;
    private final Function<P, List<T>> items;

    Pages(String firstToken, Function<String, P> fetch, Function<P, String> nextToken, Function<P, List<T>> items) {
        this.firstToken = firstToken;
        this.fetch = fetch;
        this.nextToken = nextToken;
        this.items = items;
    }

    /**
     * Returns an iterator over the pages.
     *
     * @return an iterator that fetches each page when it is needed
     */
    @Override
    public Iterator<P> iterator() {
        return new Iterator<>() {
            // The token of the next page, or null after the last one.
            private String token = firstToken;

            @Override
            public boolean hasNext() {
                return token != null;
            }

            @Override
            public P next() {
                if (token == null) {
                    throw new NoSuchElementException("that was the last page");
                }
                P page = fetch.apply(token);
                String next = nextToken.apply(page);
                token = next.isEmpty() ? null : next;
                return page;
            }
        };
    }

    /**
     * Returns the pages as a stream.
     *
     * @return a stream that fetches each page when it is needed
     */
    public Stream<P> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    /**
     * Returns the items of all pages: {@code pages.items().map(LocalPresenceNumber::getPhoneNumber).toList()}.
     *
     * @return a stream that fetches each page when it is needed
     */
    public Stream<T> items() {
        return stream().flatMap(page -> items.apply(page).stream());
    }
}
