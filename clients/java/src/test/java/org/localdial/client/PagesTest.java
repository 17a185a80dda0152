package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status.Code;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.localdial.v1.ListUsersRequest;
import org.localdial.v1.ListUsersResponse;
import org.localdial.v1.User;

/** Iterating over the pages and items of a list. */
class PagesTest {
    private static final ListUsersRequest REQUEST =
            ListUsersRequest.newBuilder().setOrganizationId("acme").setPageSize(1).build();

    private FakeServer server;
    private LocaldialClient client;

    @BeforeEach
    void start() {
        server = new FakeServer();
        client = server.client().build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private static FakeServer.Answer page(String user, String next) {
        return FakeServer.reply(ListUsersResponse.newBuilder()
                .addUsers(User.newBuilder().setUserId(user)).setNextPageToken(next).build());
    }

    private List<String> tokens() {
        return server.received.stream().map(each -> ((ListUsersRequest) each.request()).getPageToken()).toList();
    }

    @Test
    void everyPageIsFetchedWithTheOtherFieldsOfTheRequest() {
        server.answers(page("ann", "two"), page("bob", "three"), page("cy", ""));
        List<String> users = client.directory().listUsersPages(REQUEST).items().map(User::getUserId).toList();
        assertEquals(List.of("ann", "bob", "cy"), users);
        assertEquals(List.of("", "two", "three"), tokens());
        assertEquals(REQUEST.toBuilder().setPageToken("three").build(), server.request(2));
    }

    @Test
    void pagesStartAtTheTokenOfTheRequest() {
        server.answers(page("bob", "three"), page("cy", ""));
        client.directory().listUsersPages(REQUEST.toBuilder().setPageToken("two").build()).stream().toList();
        assertEquals(List.of("two", "three"), tokens());
    }

    @Test
    void aPageIsFetchedOnlyWhenItIsNeeded() {
        server.answers(page("ann", "two"), page("bob", ""));
        Iterator<ListUsersResponse> pages = client.directory().listUsersPages(REQUEST).iterator();
        assertTrue(server.received.isEmpty());
        pages.next();
        assertTrue(pages.hasNext());
        assertEquals(1, server.received.size());
        pages.next();
        assertThrows(NoSuchElementException.class, pages::next);
    }

    @Test
    void anErrorWhileFetchingAPageIsThrown() {
        server.answers(page("ann", "two"), FakeServer.fail(Code.NOT_FOUND, "gone"));
        Pages<ListUsersResponse, User> pages = client.directory().listUsersPages(REQUEST);
        assertThrows(NotFoundException.class, () -> pages.items().forEach(user -> { }));
        assertEquals(List.of("", "two"), tokens());
    }
}
