package localdial

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// PagedRequest is the request of a list: ListNumbersRequest, ListUsersRequest, ...
type PagedRequest interface {
	proto.Message
	GetPageToken() string
}

// PagedResponse is the response of a list.
type PagedResponse interface {
	proto.Message
	GetNextPageToken() string
}

// ListMethod is a method that returns pages, such as client.NumberInventory.ListNumbers.
type ListMethod[Request PagedRequest, Response PagedResponse] func(
	context.Context, Request, ...grpc.CallOption,
) (Response, error)

// Pages iterates over the pages of a list, from the page that the request names to the last:
//
//	for page, err := range localdial.Pages(ctx, client.Directory.ListUsers, request) {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// Each page is fetched when it is needed. An error ends the iteration. The deadline of the client, or of [Timeout], applies
// to each page; the deadline of the context applies to all of them together. Pages never changes the request.
func Pages[Request PagedRequest, Response PagedResponse](
	ctx context.Context, list ListMethod[Request, Response], request Request, options ...grpc.CallOption,
) iter.Seq2[Response, error] {
	return func(yield func(Response, error) bool) {
		next := request
		for {
			page, err := list(ctx, next, options...)
			if err != nil {
				var none Response
				yield(none, err)
				return
			}
			if !yield(page, nil) || page.GetNextPageToken() == "" {
				return
			}
			next = withPageToken(request, page.GetNextPageToken())
		}
	}
}

// Items iterates over the items of a list, fetching its pages like [Pages]. The function items returns the items of a page:
//
//	numbers := localdial.Items(ctx, client.NumberInventory.ListNumbers, request,
//		(*localdialv1.ListNumbersResponse).GetNumbers)
//	for number, err := range numbers {
//		...
//	}
func Items[Request PagedRequest, Response PagedResponse, Item any](
	ctx context.Context, list ListMethod[Request, Response], request Request, items func(Response) []Item,
	options ...grpc.CallOption,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for page, err := range Pages(ctx, list, request, options...) {
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range items(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

func withPageToken[Request PagedRequest](request Request, token string) Request {
	next := copyOf(request)
	message := next.ProtoReflect()
	message.Set(message.Descriptor().Fields().ByName("page_token"), protoreflect.ValueOfString(token))
	return next
}
