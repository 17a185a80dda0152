// Package localdial is the Go client of localdial, the local presence service: which caller ID a borrower is shown,
// and which agent a call-back reaches.
//
// Requests and responses are the messages of package localdialv1, which documents every field. A [Client] has one
// field for each service of the contract, and each is the generated client interface itself, so that a program can
// put a fake in its place:
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
// What the package adds is a connection set up for a service on the path of a phone call:
//
//   - a deadline on every call (see [WithTimeout] and [Timeout]);
//   - repeats where they are safe, with back-off, on another server where there are several, and the identifiers that
//     make them safe (see [WithIDs]);
//   - errors with their reason, their wrong fields and the time to wait, for [errors.As] and [errors.Is] (see [Error]);
//   - reading your own writes on any server (see [WithoutReadYourWrites]);
//   - lists as iterators (see [Pages] and [Items]).
package localdial
