// Package localdial is the Go client of localdial, the local presence service, which decides which caller ID a borrower is
// shown and which agent a call-back reaches.
//
// Requests and responses are the messages of package localdialv1, which documents every field. A [Client] has one field
// for each service of the contract. Each is the generated client interface, so that a program can replace it with a fake:
//
//	client, err := localdial.New("127.0.0.1:50051")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	answer, err := client.CallRouting.ResolveOutboundCallerId(ctx, &localdialv1.ResolveOutboundCallerIdRequest{
//		OrganizationId: "acme", UserId: "ann", CalleeNumber: "+14155550100",
//	})
//
// The package adds what phone calls need:
//
//   - a deadline on every call (see [WithTimeout] and [Timeout]);
//   - retries where they are safe, with backoff, on another server if there are several, and the identifiers that make
//     them safe (see [WithIDs]);
//   - errors with their reason, invalid fields and retry delay, for [errors.As] and [errors.Is] (see [Error]);
//   - reading your own writes on any server (see [WithoutReadYourWrites]);
//   - lists as iterators (see [Pages] and [Items]).
package localdial
