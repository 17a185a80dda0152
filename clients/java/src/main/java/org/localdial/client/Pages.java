package org.localdial.client;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * All pages of a list, one after the other, from that of the request to the last.
 *
 * <p>A page is fetched when it is asked for, with the deadline of the service for each; it throws what the list's
 * method throws. Each iteration starts anew.
 *
 * @param <P> a page: the response of the list's method
 * @param <T> what is listed
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
     * The pages.
     *
     * @return an iterator that fetches them
     */
    @Override
    public Iterator<P> iterator() {
        return new Iterator<>() {
            // Null after the last page.
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
     * The pages as a stream.
     *
     * @return a stream that fetches them
     */
    public Stream<P> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    /**
     * What is listed, over all pages: {@code pages.items().map(LocalPresenceNumber::getPhoneNumber).toList()}.
     *
     * @return a stream that fetches page after page
     */
    public Stream<T> items() {
        return stream().flatMap(page -> items.apply(page).stream());
    }
}
