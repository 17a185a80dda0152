package org.localdial.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * Decides which caller ID an outbound call shows and where a call-back goes.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class CallRoutingGrpc {

  private CallRoutingGrpc() {}

  public static final java.lang.String SERVICE_NAME = "localdial.v1.CallRouting";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ResolveOutboundCallerIdRequest,
      org.localdial.v1.ResolveOutboundCallerIdResponse> getResolveOutboundCallerIdMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResolveOutboundCallerId",
      requestType = org.localdial.v1.ResolveOutboundCallerIdRequest.class,
      responseType = org.localdial.v1.ResolveOutboundCallerIdResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ResolveOutboundCallerIdRequest,
      org.localdial.v1.ResolveOutboundCallerIdResponse> getResolveOutboundCallerIdMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ResolveOutboundCallerIdRequest, org.localdial.v1.ResolveOutboundCallerIdResponse> getResolveOutboundCallerIdMethod;
    if ((getResolveOutboundCallerIdMethod = CallRoutingGrpc.getResolveOutboundCallerIdMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getResolveOutboundCallerIdMethod = CallRoutingGrpc.getResolveOutboundCallerIdMethod) == null) {
          CallRoutingGrpc.getResolveOutboundCallerIdMethod = getResolveOutboundCallerIdMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ResolveOutboundCallerIdRequest, org.localdial.v1.ResolveOutboundCallerIdResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResolveOutboundCallerId"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ResolveOutboundCallerIdRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ResolveOutboundCallerIdResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("ResolveOutboundCallerId"))
              .build();
        }
      }
    }
    return getResolveOutboundCallerIdMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.BatchResolveOutboundCallerIdsRequest,
      org.localdial.v1.BatchResolveOutboundCallerIdsResponse> getBatchResolveOutboundCallerIdsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "BatchResolveOutboundCallerIds",
      requestType = org.localdial.v1.BatchResolveOutboundCallerIdsRequest.class,
      responseType = org.localdial.v1.BatchResolveOutboundCallerIdsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.BatchResolveOutboundCallerIdsRequest,
      org.localdial.v1.BatchResolveOutboundCallerIdsResponse> getBatchResolveOutboundCallerIdsMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.BatchResolveOutboundCallerIdsRequest, org.localdial.v1.BatchResolveOutboundCallerIdsResponse> getBatchResolveOutboundCallerIdsMethod;
    if ((getBatchResolveOutboundCallerIdsMethod = CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getBatchResolveOutboundCallerIdsMethod = CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod) == null) {
          CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod = getBatchResolveOutboundCallerIdsMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.BatchResolveOutboundCallerIdsRequest, org.localdial.v1.BatchResolveOutboundCallerIdsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "BatchResolveOutboundCallerIds"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.BatchResolveOutboundCallerIdsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.BatchResolveOutboundCallerIdsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("BatchResolveOutboundCallerIds"))
              .build();
        }
      }
    }
    return getBatchResolveOutboundCallerIdsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.RouteInboundCallRequest,
      org.localdial.v1.RouteInboundCallResponse> getRouteInboundCallMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RouteInboundCall",
      requestType = org.localdial.v1.RouteInboundCallRequest.class,
      responseType = org.localdial.v1.RouteInboundCallResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.RouteInboundCallRequest,
      org.localdial.v1.RouteInboundCallResponse> getRouteInboundCallMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.RouteInboundCallRequest, org.localdial.v1.RouteInboundCallResponse> getRouteInboundCallMethod;
    if ((getRouteInboundCallMethod = CallRoutingGrpc.getRouteInboundCallMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getRouteInboundCallMethod = CallRoutingGrpc.getRouteInboundCallMethod) == null) {
          CallRoutingGrpc.getRouteInboundCallMethod = getRouteInboundCallMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.RouteInboundCallRequest, org.localdial.v1.RouteInboundCallResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RouteInboundCall"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RouteInboundCallRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RouteInboundCallResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("RouteInboundCall"))
              .build();
        }
      }
    }
    return getRouteInboundCallMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ReportInboundCallOutcomeRequest,
      org.localdial.v1.ReportInboundCallOutcomeResponse> getReportInboundCallOutcomeMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReportInboundCallOutcome",
      requestType = org.localdial.v1.ReportInboundCallOutcomeRequest.class,
      responseType = org.localdial.v1.ReportInboundCallOutcomeResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ReportInboundCallOutcomeRequest,
      org.localdial.v1.ReportInboundCallOutcomeResponse> getReportInboundCallOutcomeMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ReportInboundCallOutcomeRequest, org.localdial.v1.ReportInboundCallOutcomeResponse> getReportInboundCallOutcomeMethod;
    if ((getReportInboundCallOutcomeMethod = CallRoutingGrpc.getReportInboundCallOutcomeMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getReportInboundCallOutcomeMethod = CallRoutingGrpc.getReportInboundCallOutcomeMethod) == null) {
          CallRoutingGrpc.getReportInboundCallOutcomeMethod = getReportInboundCallOutcomeMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ReportInboundCallOutcomeRequest, org.localdial.v1.ReportInboundCallOutcomeResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReportInboundCallOutcome"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ReportInboundCallOutcomeRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ReportInboundCallOutcomeResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("ReportInboundCallOutcome"))
              .build();
        }
      }
    }
    return getReportInboundCallOutcomeMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListOutboundCallsRequest,
      org.localdial.v1.ListOutboundCallsResponse> getListOutboundCallsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListOutboundCalls",
      requestType = org.localdial.v1.ListOutboundCallsRequest.class,
      responseType = org.localdial.v1.ListOutboundCallsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListOutboundCallsRequest,
      org.localdial.v1.ListOutboundCallsResponse> getListOutboundCallsMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListOutboundCallsRequest, org.localdial.v1.ListOutboundCallsResponse> getListOutboundCallsMethod;
    if ((getListOutboundCallsMethod = CallRoutingGrpc.getListOutboundCallsMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getListOutboundCallsMethod = CallRoutingGrpc.getListOutboundCallsMethod) == null) {
          CallRoutingGrpc.getListOutboundCallsMethod = getListOutboundCallsMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListOutboundCallsRequest, org.localdial.v1.ListOutboundCallsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListOutboundCalls"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListOutboundCallsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListOutboundCallsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("ListOutboundCalls"))
              .build();
        }
      }
    }
    return getListOutboundCallsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListInboundCallsRequest,
      org.localdial.v1.ListInboundCallsResponse> getListInboundCallsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListInboundCalls",
      requestType = org.localdial.v1.ListInboundCallsRequest.class,
      responseType = org.localdial.v1.ListInboundCallsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListInboundCallsRequest,
      org.localdial.v1.ListInboundCallsResponse> getListInboundCallsMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListInboundCallsRequest, org.localdial.v1.ListInboundCallsResponse> getListInboundCallsMethod;
    if ((getListInboundCallsMethod = CallRoutingGrpc.getListInboundCallsMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getListInboundCallsMethod = CallRoutingGrpc.getListInboundCallsMethod) == null) {
          CallRoutingGrpc.getListInboundCallsMethod = getListInboundCallsMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListInboundCallsRequest, org.localdial.v1.ListInboundCallsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListInboundCalls"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListInboundCallsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListInboundCallsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("ListInboundCalls"))
              .build();
        }
      }
    }
    return getListInboundCallsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ExplainOutboundCallerIdRequest,
      org.localdial.v1.ExplainOutboundCallerIdResponse> getExplainOutboundCallerIdMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExplainOutboundCallerId",
      requestType = org.localdial.v1.ExplainOutboundCallerIdRequest.class,
      responseType = org.localdial.v1.ExplainOutboundCallerIdResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ExplainOutboundCallerIdRequest,
      org.localdial.v1.ExplainOutboundCallerIdResponse> getExplainOutboundCallerIdMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ExplainOutboundCallerIdRequest, org.localdial.v1.ExplainOutboundCallerIdResponse> getExplainOutboundCallerIdMethod;
    if ((getExplainOutboundCallerIdMethod = CallRoutingGrpc.getExplainOutboundCallerIdMethod) == null) {
      synchronized (CallRoutingGrpc.class) {
        if ((getExplainOutboundCallerIdMethod = CallRoutingGrpc.getExplainOutboundCallerIdMethod) == null) {
          CallRoutingGrpc.getExplainOutboundCallerIdMethod = getExplainOutboundCallerIdMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ExplainOutboundCallerIdRequest, org.localdial.v1.ExplainOutboundCallerIdResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExplainOutboundCallerId"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ExplainOutboundCallerIdRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ExplainOutboundCallerIdResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CallRoutingMethodDescriptorSupplier("ExplainOutboundCallerId"))
              .build();
        }
      }
    }
    return getExplainOutboundCallerIdMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static CallRoutingStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CallRoutingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CallRoutingStub>() {
        @java.lang.Override
        public CallRoutingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CallRoutingStub(channel, callOptions);
        }
      };
    return CallRoutingStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static CallRoutingBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CallRoutingBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CallRoutingBlockingV2Stub>() {
        @java.lang.Override
        public CallRoutingBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CallRoutingBlockingV2Stub(channel, callOptions);
        }
      };
    return CallRoutingBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static CallRoutingBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CallRoutingBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CallRoutingBlockingStub>() {
        @java.lang.Override
        public CallRoutingBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CallRoutingBlockingStub(channel, callOptions);
        }
      };
    return CallRoutingBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static CallRoutingFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CallRoutingFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CallRoutingFutureStub>() {
        @java.lang.Override
        public CallRoutingFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CallRoutingFutureStub(channel, callOptions);
        }
      };
    return CallRoutingFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Decides which caller ID to show to the callee and records the call, so that
     * a call-back reaches this user. The record is durable before the response is
     * sent. The first rule that applies wins:
     * 1. The user's own caller ID has the callee's area code: that caller ID.
     * 2. The organization owns an active number with the callee's area code: that
     *    number.
     * 3. The callee's area code is mapped to an active number: that number.
     * 4. The user has a caller ID: that caller ID.
     * 5. The organization has an organization number: that number.
     * 6. Otherwise: FAILED_PRECONDITION (NO_CALLER_ID).
     * When several numbers fit, the same callee is always shown the same one, and
     * callees are spread evenly. When a number is added, callees move only to it;
     * when one is deleted, only its own callees move. The choice depends on the
     * callee and the numbers alone, and never changes: docs/choice.md defines it,
     * with test vectors.
     * A caller ID equal to the callee's own number is skipped. For a callee
     * without a geographic area code (such as a toll-free number, or a mobile
     * number outside the NANP), rules 1 to 3 are skipped.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND);
     * FAILED_PRECONDITION (NO_CALLER_ID, REVISION_NOT_REACHED); ALREADY_EXISTS
     * (CALL_ID_REUSED); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    default void resolveOutboundCallerId(org.localdial.v1.ResolveOutboundCallerIdRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ResolveOutboundCallerIdResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResolveOutboundCallerIdMethod(), responseObserver);
    }

    /**
     * <pre>
     * Resolves up to 500 call legs in one request. Each leg has its own response
     * or status, and a leg that fails does not affect the others.
     * Errors of the call: INVALID_ARGUMENT (INVALID_FIELDS) if there is no leg,
     * or more than 500. Errors of a leg: the same as for ResolveOutboundCallerId.
     * </pre>
     */
    default void batchResolveOutboundCallerIds(org.localdial.v1.BatchResolveOutboundCallerIdsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.BatchResolveOutboundCallerIdsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getBatchResolveOutboundCallerIdsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Decides where a call-back goes, and records it. The called number
     * identifies the organization: it is in the organization's inventory, is its
     * organization number or, if it is neither of these for any organization, is
     * the caller ID of users of this organization only. The first rule that
     * applies wins:
     * 1. The last user of the organization who called this caller, with any
     *    caller ID: that user's work phone.
     * 2. The only user of the organization whose caller ID is the called number:
     *    that user's work phone.
     * 3. The organization number.
     * 4. Otherwise: FAILED_PRECONDITION (NO_DESTINATION).
     * Where a phone has two numbers (Mexico with and without a 1 after +52,
     * Argentina with and without a 9 after +54, mobiles of Brazil with and without
     * the ninth digit), they are one caller.
     * A destination equal to the caller or to the called number is skipped, and so
     * is one that the organization may not call (see `Directory`), even if it was
     * stored when that was allowed. Only the last user counts for rule 1: if that
     * user was deleted or has no work phone, rule 2 applies.
     * The call is recorded after the response is sent, within about a second, and
     * a call without a destination is recorded as missed. A crash of the server
     * may lose the records of the last second. While the database is down, the
     * server keeps records on its own disk. ListInboundCalls returns them.
     * While the database cannot say who called last, the call fails with
     * UNAVAILABLE, or goes to the organization number if `allow_degraded` is set.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS) if the called number cannot be
     * read; NOT_FOUND (NUMBER_NOT_FOUND) if it belongs to no organization;
     * FAILED_PRECONDITION (NO_DESTINATION); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    default void routeInboundCall(org.localdial.v1.RouteInboundCallRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RouteInboundCallResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRouteInboundCallMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reports the outcome of a call-back, for ListInboundCalls. Reports may be
     * repeated, and may arrive in any order, even before the record of the call.
     * If several outcomes are reported for a call, for example one for each phone
     * that rang, the first in this order stands: ANSWERED, ANSWERED_BY_FALLBACK,
     * SCREENED_OUT, MISSED. A report whose call is never recorded has no effect.
     * The outcome is recorded as the call is: after the response, within about a
     * second, and later while the database is down.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND), except while the database is
     * down.
     * </pre>
     */
    default void reportInboundCallOutcome(org.localdial.v1.ReportInboundCallOutcomeRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ReportInboundCallOutcomeResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReportInboundCallOutcomeMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's recorded outbound calls, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void listOutboundCalls(org.localdial.v1.ListOutboundCallsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListOutboundCallsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListOutboundCallsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's recorded call-backs, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void listInboundCalls(org.localdial.v1.ListInboundCallsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListInboundCallsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListInboundCallsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Explains which caller ID ResolveOutboundCallerId would show now, rule by
     * rule. For a recorded call it also returns what was shown, where a call-back
     * would go, and what has changed since. Nothing is recorded.
     * The decision is always the one of ResolveOutboundCallerId with
     * `validate_only`. That there is no caller ID to show is a decision, not an
     * error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND, CALL_NOT_FOUND);
     * FAILED_PRECONDITION (REVISION_NOT_REACHED); UNAVAILABLE
     * (STORAGE_UNAVAILABLE).
     * </pre>
     */
    default void explainOutboundCallerId(org.localdial.v1.ExplainOutboundCallerIdRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ExplainOutboundCallerIdResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExplainOutboundCallerIdMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service CallRouting.
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public static abstract class CallRoutingImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return CallRoutingGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service CallRouting.
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public static final class CallRoutingStub
      extends io.grpc.stub.AbstractAsyncStub<CallRoutingStub> {
    private CallRoutingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CallRoutingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CallRoutingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Decides which caller ID to show to the callee and records the call, so that
     * a call-back reaches this user. The record is durable before the response is
     * sent. The first rule that applies wins:
     * 1. The user's own caller ID has the callee's area code: that caller ID.
     * 2. The organization owns an active number with the callee's area code: that
     *    number.
     * 3. The callee's area code is mapped to an active number: that number.
     * 4. The user has a caller ID: that caller ID.
     * 5. The organization has an organization number: that number.
     * 6. Otherwise: FAILED_PRECONDITION (NO_CALLER_ID).
     * When several numbers fit, the same callee is always shown the same one, and
     * callees are spread evenly. When a number is added, callees move only to it;
     * when one is deleted, only its own callees move. The choice depends on the
     * callee and the numbers alone, and never changes: docs/choice.md defines it,
     * with test vectors.
     * A caller ID equal to the callee's own number is skipped. For a callee
     * without a geographic area code (such as a toll-free number, or a mobile
     * number outside the NANP), rules 1 to 3 are skipped.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND);
     * FAILED_PRECONDITION (NO_CALLER_ID, REVISION_NOT_REACHED); ALREADY_EXISTS
     * (CALL_ID_REUSED); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public void resolveOutboundCallerId(org.localdial.v1.ResolveOutboundCallerIdRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ResolveOutboundCallerIdResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getResolveOutboundCallerIdMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Resolves up to 500 call legs in one request. Each leg has its own response
     * or status, and a leg that fails does not affect the others.
     * Errors of the call: INVALID_ARGUMENT (INVALID_FIELDS) if there is no leg,
     * or more than 500. Errors of a leg: the same as for ResolveOutboundCallerId.
     * </pre>
     */
    public void batchResolveOutboundCallerIds(org.localdial.v1.BatchResolveOutboundCallerIdsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.BatchResolveOutboundCallerIdsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getBatchResolveOutboundCallerIdsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Decides where a call-back goes, and records it. The called number
     * identifies the organization: it is in the organization's inventory, is its
     * organization number or, if it is neither of these for any organization, is
     * the caller ID of users of this organization only. The first rule that
     * applies wins:
     * 1. The last user of the organization who called this caller, with any
     *    caller ID: that user's work phone.
     * 2. The only user of the organization whose caller ID is the called number:
     *    that user's work phone.
     * 3. The organization number.
     * 4. Otherwise: FAILED_PRECONDITION (NO_DESTINATION).
     * Where a phone has two numbers (Mexico with and without a 1 after +52,
     * Argentina with and without a 9 after +54, mobiles of Brazil with and without
     * the ninth digit), they are one caller.
     * A destination equal to the caller or to the called number is skipped, and so
     * is one that the organization may not call (see `Directory`), even if it was
     * stored when that was allowed. Only the last user counts for rule 1: if that
     * user was deleted or has no work phone, rule 2 applies.
     * The call is recorded after the response is sent, within about a second, and
     * a call without a destination is recorded as missed. A crash of the server
     * may lose the records of the last second. While the database is down, the
     * server keeps records on its own disk. ListInboundCalls returns them.
     * While the database cannot say who called last, the call fails with
     * UNAVAILABLE, or goes to the organization number if `allow_degraded` is set.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS) if the called number cannot be
     * read; NOT_FOUND (NUMBER_NOT_FOUND) if it belongs to no organization;
     * FAILED_PRECONDITION (NO_DESTINATION); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public void routeInboundCall(org.localdial.v1.RouteInboundCallRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RouteInboundCallResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRouteInboundCallMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reports the outcome of a call-back, for ListInboundCalls. Reports may be
     * repeated, and may arrive in any order, even before the record of the call.
     * If several outcomes are reported for a call, for example one for each phone
     * that rang, the first in this order stands: ANSWERED, ANSWERED_BY_FALLBACK,
     * SCREENED_OUT, MISSED. A report whose call is never recorded has no effect.
     * The outcome is recorded as the call is: after the response, within about a
     * second, and later while the database is down.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND), except while the database is
     * down.
     * </pre>
     */
    public void reportInboundCallOutcome(org.localdial.v1.ReportInboundCallOutcomeRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ReportInboundCallOutcomeResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReportInboundCallOutcomeMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's recorded outbound calls, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void listOutboundCalls(org.localdial.v1.ListOutboundCallsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListOutboundCallsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListOutboundCallsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's recorded call-backs, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void listInboundCalls(org.localdial.v1.ListInboundCallsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListInboundCallsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListInboundCallsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Explains which caller ID ResolveOutboundCallerId would show now, rule by
     * rule. For a recorded call it also returns what was shown, where a call-back
     * would go, and what has changed since. Nothing is recorded.
     * The decision is always the one of ResolveOutboundCallerId with
     * `validate_only`. That there is no caller ID to show is a decision, not an
     * error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND, CALL_NOT_FOUND);
     * FAILED_PRECONDITION (REVISION_NOT_REACHED); UNAVAILABLE
     * (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public void explainOutboundCallerId(org.localdial.v1.ExplainOutboundCallerIdRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ExplainOutboundCallerIdResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getExplainOutboundCallerIdMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service CallRouting.
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public static final class CallRoutingBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<CallRoutingBlockingV2Stub> {
    private CallRoutingBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CallRoutingBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CallRoutingBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Decides which caller ID to show to the callee and records the call, so that
     * a call-back reaches this user. The record is durable before the response is
     * sent. The first rule that applies wins:
     * 1. The user's own caller ID has the callee's area code: that caller ID.
     * 2. The organization owns an active number with the callee's area code: that
     *    number.
     * 3. The callee's area code is mapped to an active number: that number.
     * 4. The user has a caller ID: that caller ID.
     * 5. The organization has an organization number: that number.
     * 6. Otherwise: FAILED_PRECONDITION (NO_CALLER_ID).
     * When several numbers fit, the same callee is always shown the same one, and
     * callees are spread evenly. When a number is added, callees move only to it;
     * when one is deleted, only its own callees move. The choice depends on the
     * callee and the numbers alone, and never changes: docs/choice.md defines it,
     * with test vectors.
     * A caller ID equal to the callee's own number is skipped. For a callee
     * without a geographic area code (such as a toll-free number, or a mobile
     * number outside the NANP), rules 1 to 3 are skipped.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND);
     * FAILED_PRECONDITION (NO_CALLER_ID, REVISION_NOT_REACHED); ALREADY_EXISTS
     * (CALL_ID_REUSED); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ResolveOutboundCallerIdResponse resolveOutboundCallerId(org.localdial.v1.ResolveOutboundCallerIdRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getResolveOutboundCallerIdMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Resolves up to 500 call legs in one request. Each leg has its own response
     * or status, and a leg that fails does not affect the others.
     * Errors of the call: INVALID_ARGUMENT (INVALID_FIELDS) if there is no leg,
     * or more than 500. Errors of a leg: the same as for ResolveOutboundCallerId.
     * </pre>
     */
    public org.localdial.v1.BatchResolveOutboundCallerIdsResponse batchResolveOutboundCallerIds(org.localdial.v1.BatchResolveOutboundCallerIdsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getBatchResolveOutboundCallerIdsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Decides where a call-back goes, and records it. The called number
     * identifies the organization: it is in the organization's inventory, is its
     * organization number or, if it is neither of these for any organization, is
     * the caller ID of users of this organization only. The first rule that
     * applies wins:
     * 1. The last user of the organization who called this caller, with any
     *    caller ID: that user's work phone.
     * 2. The only user of the organization whose caller ID is the called number:
     *    that user's work phone.
     * 3. The organization number.
     * 4. Otherwise: FAILED_PRECONDITION (NO_DESTINATION).
     * Where a phone has two numbers (Mexico with and without a 1 after +52,
     * Argentina with and without a 9 after +54, mobiles of Brazil with and without
     * the ninth digit), they are one caller.
     * A destination equal to the caller or to the called number is skipped, and so
     * is one that the organization may not call (see `Directory`), even if it was
     * stored when that was allowed. Only the last user counts for rule 1: if that
     * user was deleted or has no work phone, rule 2 applies.
     * The call is recorded after the response is sent, within about a second, and
     * a call without a destination is recorded as missed. A crash of the server
     * may lose the records of the last second. While the database is down, the
     * server keeps records on its own disk. ListInboundCalls returns them.
     * While the database cannot say who called last, the call fails with
     * UNAVAILABLE, or goes to the organization number if `allow_degraded` is set.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS) if the called number cannot be
     * read; NOT_FOUND (NUMBER_NOT_FOUND) if it belongs to no organization;
     * FAILED_PRECONDITION (NO_DESTINATION); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.RouteInboundCallResponse routeInboundCall(org.localdial.v1.RouteInboundCallRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRouteInboundCallMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports the outcome of a call-back, for ListInboundCalls. Reports may be
     * repeated, and may arrive in any order, even before the record of the call.
     * If several outcomes are reported for a call, for example one for each phone
     * that rang, the first in this order stands: ANSWERED, ANSWERED_BY_FALLBACK,
     * SCREENED_OUT, MISSED. A report whose call is never recorded has no effect.
     * The outcome is recorded as the call is: after the response, within about a
     * second, and later while the database is down.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND), except while the database is
     * down.
     * </pre>
     */
    public org.localdial.v1.ReportInboundCallOutcomeResponse reportInboundCallOutcome(org.localdial.v1.ReportInboundCallOutcomeRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReportInboundCallOutcomeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded outbound calls, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListOutboundCallsResponse listOutboundCalls(org.localdial.v1.ListOutboundCallsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListOutboundCallsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded call-backs, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListInboundCallsResponse listInboundCalls(org.localdial.v1.ListInboundCallsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListInboundCallsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Explains which caller ID ResolveOutboundCallerId would show now, rule by
     * rule. For a recorded call it also returns what was shown, where a call-back
     * would go, and what has changed since. Nothing is recorded.
     * The decision is always the one of ResolveOutboundCallerId with
     * `validate_only`. That there is no caller ID to show is a decision, not an
     * error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND, CALL_NOT_FOUND);
     * FAILED_PRECONDITION (REVISION_NOT_REACHED); UNAVAILABLE
     * (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ExplainOutboundCallerIdResponse explainOutboundCallerId(org.localdial.v1.ExplainOutboundCallerIdRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getExplainOutboundCallerIdMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service CallRouting.
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public static final class CallRoutingBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<CallRoutingBlockingStub> {
    private CallRoutingBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CallRoutingBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CallRoutingBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Decides which caller ID to show to the callee and records the call, so that
     * a call-back reaches this user. The record is durable before the response is
     * sent. The first rule that applies wins:
     * 1. The user's own caller ID has the callee's area code: that caller ID.
     * 2. The organization owns an active number with the callee's area code: that
     *    number.
     * 3. The callee's area code is mapped to an active number: that number.
     * 4. The user has a caller ID: that caller ID.
     * 5. The organization has an organization number: that number.
     * 6. Otherwise: FAILED_PRECONDITION (NO_CALLER_ID).
     * When several numbers fit, the same callee is always shown the same one, and
     * callees are spread evenly. When a number is added, callees move only to it;
     * when one is deleted, only its own callees move. The choice depends on the
     * callee and the numbers alone, and never changes: docs/choice.md defines it,
     * with test vectors.
     * A caller ID equal to the callee's own number is skipped. For a callee
     * without a geographic area code (such as a toll-free number, or a mobile
     * number outside the NANP), rules 1 to 3 are skipped.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND);
     * FAILED_PRECONDITION (NO_CALLER_ID, REVISION_NOT_REACHED); ALREADY_EXISTS
     * (CALL_ID_REUSED); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ResolveOutboundCallerIdResponse resolveOutboundCallerId(org.localdial.v1.ResolveOutboundCallerIdRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getResolveOutboundCallerIdMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Resolves up to 500 call legs in one request. Each leg has its own response
     * or status, and a leg that fails does not affect the others.
     * Errors of the call: INVALID_ARGUMENT (INVALID_FIELDS) if there is no leg,
     * or more than 500. Errors of a leg: the same as for ResolveOutboundCallerId.
     * </pre>
     */
    public org.localdial.v1.BatchResolveOutboundCallerIdsResponse batchResolveOutboundCallerIds(org.localdial.v1.BatchResolveOutboundCallerIdsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getBatchResolveOutboundCallerIdsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Decides where a call-back goes, and records it. The called number
     * identifies the organization: it is in the organization's inventory, is its
     * organization number or, if it is neither of these for any organization, is
     * the caller ID of users of this organization only. The first rule that
     * applies wins:
     * 1. The last user of the organization who called this caller, with any
     *    caller ID: that user's work phone.
     * 2. The only user of the organization whose caller ID is the called number:
     *    that user's work phone.
     * 3. The organization number.
     * 4. Otherwise: FAILED_PRECONDITION (NO_DESTINATION).
     * Where a phone has two numbers (Mexico with and without a 1 after +52,
     * Argentina with and without a 9 after +54, mobiles of Brazil with and without
     * the ninth digit), they are one caller.
     * A destination equal to the caller or to the called number is skipped, and so
     * is one that the organization may not call (see `Directory`), even if it was
     * stored when that was allowed. Only the last user counts for rule 1: if that
     * user was deleted or has no work phone, rule 2 applies.
     * The call is recorded after the response is sent, within about a second, and
     * a call without a destination is recorded as missed. A crash of the server
     * may lose the records of the last second. While the database is down, the
     * server keeps records on its own disk. ListInboundCalls returns them.
     * While the database cannot say who called last, the call fails with
     * UNAVAILABLE, or goes to the organization number if `allow_degraded` is set.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS) if the called number cannot be
     * read; NOT_FOUND (NUMBER_NOT_FOUND) if it belongs to no organization;
     * FAILED_PRECONDITION (NO_DESTINATION); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.RouteInboundCallResponse routeInboundCall(org.localdial.v1.RouteInboundCallRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRouteInboundCallMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reports the outcome of a call-back, for ListInboundCalls. Reports may be
     * repeated, and may arrive in any order, even before the record of the call.
     * If several outcomes are reported for a call, for example one for each phone
     * that rang, the first in this order stands: ANSWERED, ANSWERED_BY_FALLBACK,
     * SCREENED_OUT, MISSED. A report whose call is never recorded has no effect.
     * The outcome is recorded as the call is: after the response, within about a
     * second, and later while the database is down.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND), except while the database is
     * down.
     * </pre>
     */
    public org.localdial.v1.ReportInboundCallOutcomeResponse reportInboundCallOutcome(org.localdial.v1.ReportInboundCallOutcomeRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReportInboundCallOutcomeMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded outbound calls, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListOutboundCallsResponse listOutboundCalls(org.localdial.v1.ListOutboundCallsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListOutboundCallsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded call-backs, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListInboundCallsResponse listInboundCalls(org.localdial.v1.ListInboundCallsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListInboundCallsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Explains which caller ID ResolveOutboundCallerId would show now, rule by
     * rule. For a recorded call it also returns what was shown, where a call-back
     * would go, and what has changed since. Nothing is recorded.
     * The decision is always the one of ResolveOutboundCallerId with
     * `validate_only`. That there is no caller ID to show is a decision, not an
     * error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND, CALL_NOT_FOUND);
     * FAILED_PRECONDITION (REVISION_NOT_REACHED); UNAVAILABLE
     * (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public org.localdial.v1.ExplainOutboundCallerIdResponse explainOutboundCallerId(org.localdial.v1.ExplainOutboundCallerIdRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getExplainOutboundCallerIdMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service CallRouting.
   * <pre>
   * Decides which caller ID an outbound call shows and where a call-back goes.
   * </pre>
   */
  public static final class CallRoutingFutureStub
      extends io.grpc.stub.AbstractFutureStub<CallRoutingFutureStub> {
    private CallRoutingFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CallRoutingFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CallRoutingFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Decides which caller ID to show to the callee and records the call, so that
     * a call-back reaches this user. The record is durable before the response is
     * sent. The first rule that applies wins:
     * 1. The user's own caller ID has the callee's area code: that caller ID.
     * 2. The organization owns an active number with the callee's area code: that
     *    number.
     * 3. The callee's area code is mapped to an active number: that number.
     * 4. The user has a caller ID: that caller ID.
     * 5. The organization has an organization number: that number.
     * 6. Otherwise: FAILED_PRECONDITION (NO_CALLER_ID).
     * When several numbers fit, the same callee is always shown the same one, and
     * callees are spread evenly. When a number is added, callees move only to it;
     * when one is deleted, only its own callees move. The choice depends on the
     * callee and the numbers alone, and never changes: docs/choice.md defines it,
     * with test vectors.
     * A caller ID equal to the callee's own number is skipped. For a callee
     * without a geographic area code (such as a toll-free number, or a mobile
     * number outside the NANP), rules 1 to 3 are skipped.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND);
     * FAILED_PRECONDITION (NO_CALLER_ID, REVISION_NOT_REACHED); ALREADY_EXISTS
     * (CALL_ID_REUSED); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ResolveOutboundCallerIdResponse> resolveOutboundCallerId(
        org.localdial.v1.ResolveOutboundCallerIdRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getResolveOutboundCallerIdMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Resolves up to 500 call legs in one request. Each leg has its own response
     * or status, and a leg that fails does not affect the others.
     * Errors of the call: INVALID_ARGUMENT (INVALID_FIELDS) if there is no leg,
     * or more than 500. Errors of a leg: the same as for ResolveOutboundCallerId.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.BatchResolveOutboundCallerIdsResponse> batchResolveOutboundCallerIds(
        org.localdial.v1.BatchResolveOutboundCallerIdsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getBatchResolveOutboundCallerIdsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Decides where a call-back goes, and records it. The called number
     * identifies the organization: it is in the organization's inventory, is its
     * organization number or, if it is neither of these for any organization, is
     * the caller ID of users of this organization only. The first rule that
     * applies wins:
     * 1. The last user of the organization who called this caller, with any
     *    caller ID: that user's work phone.
     * 2. The only user of the organization whose caller ID is the called number:
     *    that user's work phone.
     * 3. The organization number.
     * 4. Otherwise: FAILED_PRECONDITION (NO_DESTINATION).
     * Where a phone has two numbers (Mexico with and without a 1 after +52,
     * Argentina with and without a 9 after +54, mobiles of Brazil with and without
     * the ninth digit), they are one caller.
     * A destination equal to the caller or to the called number is skipped, and so
     * is one that the organization may not call (see `Directory`), even if it was
     * stored when that was allowed. Only the last user counts for rule 1: if that
     * user was deleted or has no work phone, rule 2 applies.
     * The call is recorded after the response is sent, within about a second, and
     * a call without a destination is recorded as missed. A crash of the server
     * may lose the records of the last second. While the database is down, the
     * server keeps records on its own disk. ListInboundCalls returns them.
     * While the database cannot say who called last, the call fails with
     * UNAVAILABLE, or goes to the organization number if `allow_degraded` is set.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS) if the called number cannot be
     * read; NOT_FOUND (NUMBER_NOT_FOUND) if it belongs to no organization;
     * FAILED_PRECONDITION (NO_DESTINATION); UNAVAILABLE (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.RouteInboundCallResponse> routeInboundCall(
        org.localdial.v1.RouteInboundCallRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRouteInboundCallMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reports the outcome of a call-back, for ListInboundCalls. Reports may be
     * repeated, and may arrive in any order, even before the record of the call.
     * If several outcomes are reported for a call, for example one for each phone
     * that rang, the first in this order stands: ANSWERED, ANSWERED_BY_FALLBACK,
     * SCREENED_OUT, MISSED. A report whose call is never recorded has no effect.
     * The outcome is recorded as the call is: after the response, within about a
     * second, and later while the database is down.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND), except while the database is
     * down.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ReportInboundCallOutcomeResponse> reportInboundCallOutcome(
        org.localdial.v1.ReportInboundCallOutcomeRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReportInboundCallOutcomeMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded outbound calls, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListOutboundCallsResponse> listOutboundCalls(
        org.localdial.v1.ListOutboundCallsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListOutboundCallsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the organization's recorded call-backs, newest first.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListInboundCallsResponse> listInboundCalls(
        org.localdial.v1.ListInboundCallsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListInboundCallsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Explains which caller ID ResolveOutboundCallerId would show now, rule by
     * rule. For a recorded call it also returns what was shown, where a call-back
     * would go, and what has changed since. Nothing is recorded.
     * The decision is always the one of ResolveOutboundCallerId with
     * `validate_only`. That there is no caller ID to show is a decision, not an
     * error.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND, CALL_NOT_FOUND);
     * FAILED_PRECONDITION (REVISION_NOT_REACHED); UNAVAILABLE
     * (STORAGE_UNAVAILABLE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ExplainOutboundCallerIdResponse> explainOutboundCallerId(
        org.localdial.v1.ExplainOutboundCallerIdRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getExplainOutboundCallerIdMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_RESOLVE_OUTBOUND_CALLER_ID = 0;
  private static final int METHODID_BATCH_RESOLVE_OUTBOUND_CALLER_IDS = 1;
  private static final int METHODID_ROUTE_INBOUND_CALL = 2;
  private static final int METHODID_REPORT_INBOUND_CALL_OUTCOME = 3;
  private static final int METHODID_LIST_OUTBOUND_CALLS = 4;
  private static final int METHODID_LIST_INBOUND_CALLS = 5;
  private static final int METHODID_EXPLAIN_OUTBOUND_CALLER_ID = 6;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_RESOLVE_OUTBOUND_CALLER_ID:
          serviceImpl.resolveOutboundCallerId((org.localdial.v1.ResolveOutboundCallerIdRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ResolveOutboundCallerIdResponse>) responseObserver);
          break;
        case METHODID_BATCH_RESOLVE_OUTBOUND_CALLER_IDS:
          serviceImpl.batchResolveOutboundCallerIds((org.localdial.v1.BatchResolveOutboundCallerIdsRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.BatchResolveOutboundCallerIdsResponse>) responseObserver);
          break;
        case METHODID_ROUTE_INBOUND_CALL:
          serviceImpl.routeInboundCall((org.localdial.v1.RouteInboundCallRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.RouteInboundCallResponse>) responseObserver);
          break;
        case METHODID_REPORT_INBOUND_CALL_OUTCOME:
          serviceImpl.reportInboundCallOutcome((org.localdial.v1.ReportInboundCallOutcomeRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ReportInboundCallOutcomeResponse>) responseObserver);
          break;
        case METHODID_LIST_OUTBOUND_CALLS:
          serviceImpl.listOutboundCalls((org.localdial.v1.ListOutboundCallsRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListOutboundCallsResponse>) responseObserver);
          break;
        case METHODID_LIST_INBOUND_CALLS:
          serviceImpl.listInboundCalls((org.localdial.v1.ListInboundCallsRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListInboundCallsResponse>) responseObserver);
          break;
        case METHODID_EXPLAIN_OUTBOUND_CALLER_ID:
          serviceImpl.explainOutboundCallerId((org.localdial.v1.ExplainOutboundCallerIdRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ExplainOutboundCallerIdResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getResolveOutboundCallerIdMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ResolveOutboundCallerIdRequest,
              org.localdial.v1.ResolveOutboundCallerIdResponse>(
                service, METHODID_RESOLVE_OUTBOUND_CALLER_ID)))
        .addMethod(
          getBatchResolveOutboundCallerIdsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.BatchResolveOutboundCallerIdsRequest,
              org.localdial.v1.BatchResolveOutboundCallerIdsResponse>(
                service, METHODID_BATCH_RESOLVE_OUTBOUND_CALLER_IDS)))
        .addMethod(
          getRouteInboundCallMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.RouteInboundCallRequest,
              org.localdial.v1.RouteInboundCallResponse>(
                service, METHODID_ROUTE_INBOUND_CALL)))
        .addMethod(
          getReportInboundCallOutcomeMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ReportInboundCallOutcomeRequest,
              org.localdial.v1.ReportInboundCallOutcomeResponse>(
                service, METHODID_REPORT_INBOUND_CALL_OUTCOME)))
        .addMethod(
          getListOutboundCallsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListOutboundCallsRequest,
              org.localdial.v1.ListOutboundCallsResponse>(
                service, METHODID_LIST_OUTBOUND_CALLS)))
        .addMethod(
          getListInboundCallsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListInboundCallsRequest,
              org.localdial.v1.ListInboundCallsResponse>(
                service, METHODID_LIST_INBOUND_CALLS)))
        .addMethod(
          getExplainOutboundCallerIdMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ExplainOutboundCallerIdRequest,
              org.localdial.v1.ExplainOutboundCallerIdResponse>(
                service, METHODID_EXPLAIN_OUTBOUND_CALLER_ID)))
        .build();
  }

  private static abstract class CallRoutingBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    CallRoutingBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return org.localdial.v1.CallRoutingProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("CallRouting");
    }
  }

  private static final class CallRoutingFileDescriptorSupplier
      extends CallRoutingBaseDescriptorSupplier {
    CallRoutingFileDescriptorSupplier() {}
  }

  private static final class CallRoutingMethodDescriptorSupplier
      extends CallRoutingBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    CallRoutingMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (CallRoutingGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new CallRoutingFileDescriptorSupplier())
              .addMethod(getResolveOutboundCallerIdMethod())
              .addMethod(getBatchResolveOutboundCallerIdsMethod())
              .addMethod(getRouteInboundCallMethod())
              .addMethod(getReportInboundCallOutcomeMethod())
              .addMethod(getListOutboundCallsMethod())
              .addMethod(getListInboundCallsMethod())
              .addMethod(getExplainOutboundCallerIdMethod())
              .build();
        }
      }
    }
    return result;
  }
}
