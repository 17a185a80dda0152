package localdial_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

func pageOf(next string, users ...string) fakeserver.Answer {
	page := &localdialv1.ListUsersResponse{NextPageToken: next}
	for _, user := range users {
		page.Users = append(page.Users, &localdialv1.User{UserId: user})
	}
	return fakeserver.Says(page)
}

func tokens(server *fakeserver.Server) []string {
	var sent []string
	for _, each := range server.Received() {
		sent = append(sent, each.Request.(*localdialv1.ListUsersRequest).GetPageToken())
	}
	return sent
}

func TestPagesFollowThePageTokens(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(pageOf("two", "ann"), pageOf("three", "bob"), pageOf("", "cy"))
	request := &localdialv1.ListUsersRequest{OrganizationId: "acme", PageSize: 1}
	var users []string
	for page, err := range localdial.Pages(t.Context(), client.Directory.ListUsers, request) {
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, page.GetUsers()[0].GetUserId())
	}
	if !slices.Equal(users, []string{"ann", "bob", "cy"}) || !slices.Equal(tokens(server), []string{"", "two", "three"}) {
		t.Error(users, tokens(server))
	}
	for _, each := range server.Received() {
		if sent := each.Request.(*localdialv1.ListUsersRequest); sent.GetOrganizationId() != "acme" || sent.GetPageSize() != 1 {
			t.Error(sent)
		}
	}
	if !proto.Equal(request, &localdialv1.ListUsersRequest{OrganizationId: "acme", PageSize: 1}) {
		t.Error("the caller's request was changed:", request)
	}
}

func TestPagesStartWhereTheRequestSays(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(pageOf("three", "bob"), pageOf("", "cy"))
	request := &localdialv1.ListUsersRequest{PageToken: "two"}
	for _, err := range localdial.Pages(t.Context(), client.Directory.ListUsers, request) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(tokens(server), []string{"two", "three"}) {
		t.Error(tokens(server))
	}
}

func TestAPageIsFetchedOnlyWhenItIsNeeded(t *testing.T) {
	server, client := serverAndClient(t)
	server.Always(pageOf("another", "ann"))
	options := localdial.Timeout(2 * time.Second)
	pages := localdial.Pages(t.Context(), client.Directory.ListUsers, nil, options)
	if len(server.Received()) != 0 {
		t.Error("fetched before it was asked for")
	}
	for range pages {
		if len(server.Received()) == 2 {
			break
		}
	}
	received := server.Received()
	if len(received) != 2 || received[0].Left > 2*time.Second || received[1].Left > 2*time.Second {
		t.Error(received)
	}
}

func TestItemsYieldsTheItemsOfAllPagesUntilOneFails(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(
		pageOf("two", "ann", "bob"), pageOf("three"), pageOf("four", "cy"), fakeserver.Fails(codes.NotFound, "gone"),
	)
	var users []string
	var failure error
	for user, err := range localdial.Items(
		t.Context(), client.Directory.ListUsers, &localdialv1.ListUsersRequest{}, (*localdialv1.ListUsersResponse).GetUsers,
	) {
		if err != nil {
			failure = err
			continue
		}
		users = append(users, user.GetUserId())
	}
	if !slices.Equal(users, []string{"ann", "bob", "cy"}) || !errors.Is(failure, localdial.ErrNotFound) {
		t.Error(users, failure)
	}
	if len(server.Received()) != 4 {
		t.Error(tokens(server))
	}
}

func TestTheContextEndsThePages(t *testing.T) {
	server, client := serverAndClient(t)
	server.Always(pageOf("another", "ann"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := 0
	var failure error
	for _, err := range localdial.Pages(ctx, client.Directory.ListUsers, &localdialv1.ListUsersRequest{}) {
		if count++; count == 3 {
			cancel()
		}
		failure = err
	}
	if count != 4 || !errors.Is(failure, context.Canceled) {
		t.Error(count, failure)
	}
}
