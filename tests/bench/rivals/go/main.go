// The rival in Go: a local presence server as a team would write it on grpc-go and pgx,
// with one query and one insert per call on localdial's own tables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"log"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/localdial/localdial/clients/go/localdialv1"
)

const query = `
	SELECT u.caller_id, o.organization_number, r.revision, ARRAY(
		SELECT phone_number FROM numbers WHERE organization_id = $1 AND area_code = $3 AND state = 'active'
	)
	FROM users u JOIN organizations o USING (organization_id) JOIN revisions r USING (organization_id)
	WHERE u.organization_id = $1 AND u.user_id = $2`

const insert = `
	INSERT INTO outbound_calls
		(organization_id, call_id, user_id, callee_number, caller_id, reason, call_time, revision)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// Enough for PostgreSQL to commit several calls with one fsync.
const connections = 32

type routing struct {
	pb.UnimplementedCallRoutingServer
	pool *pgxpool.Pool
}

func (r *routing) ResolveOutboundCallerId(
	ctx context.Context, request *pb.ResolveOutboundCallerIdRequest,
) (*pb.ResolveOutboundCallerIdResponse, error) {
	areaCode, err := areaCodeOf(request.CalleeNumber)
	if err != nil {
		return nil, err
	}
	var callerID, organizationNumber *string
	var revision int64
	var numbers []string
	err = r.pool.QueryRow(ctx, query, request.OrganizationId, request.UserId, areaCode).
		Scan(&callerID, &organizationNumber, &revision, &numbers)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, status.Error(codes.NotFound, "no such user")
	}
	if err != nil {
		return nil, status.Error(codes.Unavailable, "the database failed")
	}
	shown, reason := choose(request.CalleeNumber, areaCode, callerID, organizationNumber, numbers)
	if shown == "" {
		return nil, status.Error(codes.FailedPrecondition, "no caller ID")
	}
	callID := request.CallId
	if !request.ValidateOnly {
		if callID == "" {
			callID = uuid.Must(uuid.NewV7()).String()
		}
		_, err = r.pool.Exec(ctx, insert, request.OrganizationId, callID, request.UserId,
			request.CalleeNumber, shown, stored[reason], time.Now().UnixMicro(), revision)
		if err != nil {
			return nil, status.Error(codes.Unavailable, "the call could not be recorded")
		}
	}
	return &pb.ResolveOutboundCallerIdResponse{
		CallerId: shown, Reason: reason, CalleeAreaCode: areaCode, CallId: callID, Revision: revision,
	}, nil
}

var stored = map[pb.CallerIdReason]string{
	pb.CallerIdReason_CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL: "agent_caller_id_local",
	pb.CallerIdReason_CALLER_ID_REASON_LOCAL_PRESENCE:        "local_presence",
	pb.CallerIdReason_CALLER_ID_REASON_AGENT_CALLER_ID:       "agent_caller_id",
	pb.CallerIdReason_CALLER_ID_REASON_ORGANIZATION_NUMBER:   "organization_number",
}

func areaCodeOf(number string) (string, error) {
	if len(number) != 12 || number[:2] != "+1" {
		return "", status.Error(codes.InvalidArgument, "callee_number: only North American numbers are served")
	}
	return number[2:5], nil
}

// choose returns the number to show, or "". The rules are localdial's without area code mappings.
func choose(
	callee, areaCode string, callerID, organizationNumber *string, numbers []string,
) (string, pb.CallerIdReason) {
	switch {
	case callerID != nil && len(*callerID) == 12 && (*callerID)[2:5] == areaCode && *callerID != callee:
		return *callerID, pb.CallerIdReason_CALLER_ID_REASON_AGENT_CALLER_ID_LOCAL
	case len(numbers) > 0:
		return spread(callee, numbers), pb.CallerIdReason_CALLER_ID_REASON_LOCAL_PRESENCE
	case callerID != nil && *callerID != callee:
		return *callerID, pb.CallerIdReason_CALLER_ID_REASON_AGENT_CALLER_ID
	case organizationNumber != nil && *organizationNumber != callee:
		return *organizationNumber, pb.CallerIdReason_CALLER_ID_REASON_ORGANIZATION_NUMBER
	}
	return "", pb.CallerIdReason_CALLER_ID_REASON_UNSPECIFIED
}

// spread returns the same number for the same callee, by rendezvous hashing.
func spread(callee string, numbers []string) string {
	var best string
	var highest uint64
	for _, number := range numbers {
		hash := fnv.New64a()
		hash.Write([]byte(callee + number))
		if weight := hash.Sum64(); best == "" || weight > highest {
			best, highest = number, weight
		}
	}
	return best
}

// noOp answers at once.
type noOp struct {
	pb.UnimplementedCallRoutingServer
}

func (noOp) ResolveOutboundCallerId(
	_ context.Context, request *pb.ResolveOutboundCallerIdRequest,
) (*pb.ResolveOutboundCallerIdResponse, error) {
	return &pb.ResolveOutboundCallerIdResponse{CallerId: request.CalleeNumber}, nil
}

func main() {
	database := flag.String("database", "", "URL of the PostgreSQL database; without it, calls do nothing")
	flag.Parse()
	server := grpc.NewServer()
	if *database == "" {
		pb.RegisterCallRoutingServer(server, noOp{})
	} else {
		pb.RegisterCallRoutingServer(server, &routing{pool: connect(*database)})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(server.Serve(listener))
}

func connect(database string) *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	return pool
}
