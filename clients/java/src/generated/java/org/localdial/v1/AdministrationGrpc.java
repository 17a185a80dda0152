package org.localdial.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * The API keys of a server, and the record of changes.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class AdministrationGrpc {

  private AdministrationGrpc() {}

  public static final java.lang.String SERVICE_NAME = "localdial.v1.Administration";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.CreateApiKeyRequest,
      org.localdial.v1.CreateApiKeyResponse> getCreateApiKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateApiKey",
      requestType = org.localdial.v1.CreateApiKeyRequest.class,
      responseType = org.localdial.v1.CreateApiKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.CreateApiKeyRequest,
      org.localdial.v1.CreateApiKeyResponse> getCreateApiKeyMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.CreateApiKeyRequest, org.localdial.v1.CreateApiKeyResponse> getCreateApiKeyMethod;
    if ((getCreateApiKeyMethod = AdministrationGrpc.getCreateApiKeyMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getCreateApiKeyMethod = AdministrationGrpc.getCreateApiKeyMethod) == null) {
          AdministrationGrpc.getCreateApiKeyMethod = getCreateApiKeyMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.CreateApiKeyRequest, org.localdial.v1.CreateApiKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateApiKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.CreateApiKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.CreateApiKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("CreateApiKey"))
              .build();
        }
      }
    }
    return getCreateApiKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListApiKeysRequest,
      org.localdial.v1.ListApiKeysResponse> getListApiKeysMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListApiKeys",
      requestType = org.localdial.v1.ListApiKeysRequest.class,
      responseType = org.localdial.v1.ListApiKeysResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListApiKeysRequest,
      org.localdial.v1.ListApiKeysResponse> getListApiKeysMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListApiKeysRequest, org.localdial.v1.ListApiKeysResponse> getListApiKeysMethod;
    if ((getListApiKeysMethod = AdministrationGrpc.getListApiKeysMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getListApiKeysMethod = AdministrationGrpc.getListApiKeysMethod) == null) {
          AdministrationGrpc.getListApiKeysMethod = getListApiKeysMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListApiKeysRequest, org.localdial.v1.ListApiKeysResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListApiKeys"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListApiKeysRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListApiKeysResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("ListApiKeys"))
              .build();
        }
      }
    }
    return getListApiKeysMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.RotateApiKeyRequest,
      org.localdial.v1.RotateApiKeyResponse> getRotateApiKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RotateApiKey",
      requestType = org.localdial.v1.RotateApiKeyRequest.class,
      responseType = org.localdial.v1.RotateApiKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.RotateApiKeyRequest,
      org.localdial.v1.RotateApiKeyResponse> getRotateApiKeyMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.RotateApiKeyRequest, org.localdial.v1.RotateApiKeyResponse> getRotateApiKeyMethod;
    if ((getRotateApiKeyMethod = AdministrationGrpc.getRotateApiKeyMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getRotateApiKeyMethod = AdministrationGrpc.getRotateApiKeyMethod) == null) {
          AdministrationGrpc.getRotateApiKeyMethod = getRotateApiKeyMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.RotateApiKeyRequest, org.localdial.v1.RotateApiKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RotateApiKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RotateApiKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RotateApiKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("RotateApiKey"))
              .build();
        }
      }
    }
    return getRotateApiKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.RevokeApiKeyRequest,
      org.localdial.v1.RevokeApiKeyResponse> getRevokeApiKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeApiKey",
      requestType = org.localdial.v1.RevokeApiKeyRequest.class,
      responseType = org.localdial.v1.RevokeApiKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.RevokeApiKeyRequest,
      org.localdial.v1.RevokeApiKeyResponse> getRevokeApiKeyMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.RevokeApiKeyRequest, org.localdial.v1.RevokeApiKeyResponse> getRevokeApiKeyMethod;
    if ((getRevokeApiKeyMethod = AdministrationGrpc.getRevokeApiKeyMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getRevokeApiKeyMethod = AdministrationGrpc.getRevokeApiKeyMethod) == null) {
          AdministrationGrpc.getRevokeApiKeyMethod = getRevokeApiKeyMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.RevokeApiKeyRequest, org.localdial.v1.RevokeApiKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeApiKey"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RevokeApiKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.RevokeApiKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("RevokeApiKey"))
              .build();
        }
      }
    }
    return getRevokeApiKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListAuditEventsRequest,
      org.localdial.v1.ListAuditEventsResponse> getListAuditEventsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListAuditEvents",
      requestType = org.localdial.v1.ListAuditEventsRequest.class,
      responseType = org.localdial.v1.ListAuditEventsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListAuditEventsRequest,
      org.localdial.v1.ListAuditEventsResponse> getListAuditEventsMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListAuditEventsRequest, org.localdial.v1.ListAuditEventsResponse> getListAuditEventsMethod;
    if ((getListAuditEventsMethod = AdministrationGrpc.getListAuditEventsMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getListAuditEventsMethod = AdministrationGrpc.getListAuditEventsMethod) == null) {
          AdministrationGrpc.getListAuditEventsMethod = getListAuditEventsMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListAuditEventsRequest, org.localdial.v1.ListAuditEventsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListAuditEvents"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListAuditEventsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListAuditEventsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("ListAuditEvents"))
              .build();
        }
      }
    }
    return getListAuditEventsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetCallerRequest,
      org.localdial.v1.GetCallerResponse> getGetCallerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCaller",
      requestType = org.localdial.v1.GetCallerRequest.class,
      responseType = org.localdial.v1.GetCallerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetCallerRequest,
      org.localdial.v1.GetCallerResponse> getGetCallerMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetCallerRequest, org.localdial.v1.GetCallerResponse> getGetCallerMethod;
    if ((getGetCallerMethod = AdministrationGrpc.getGetCallerMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getGetCallerMethod = AdministrationGrpc.getGetCallerMethod) == null) {
          AdministrationGrpc.getGetCallerMethod = getGetCallerMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetCallerRequest, org.localdial.v1.GetCallerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCaller"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetCallerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetCallerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("GetCaller"))
              .build();
        }
      }
    }
    return getGetCallerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetStatusRequest,
      org.localdial.v1.GetStatusResponse> getGetStatusMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetStatus",
      requestType = org.localdial.v1.GetStatusRequest.class,
      responseType = org.localdial.v1.GetStatusResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetStatusRequest,
      org.localdial.v1.GetStatusResponse> getGetStatusMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetStatusRequest, org.localdial.v1.GetStatusResponse> getGetStatusMethod;
    if ((getGetStatusMethod = AdministrationGrpc.getGetStatusMethod) == null) {
      synchronized (AdministrationGrpc.class) {
        if ((getGetStatusMethod = AdministrationGrpc.getGetStatusMethod) == null) {
          AdministrationGrpc.getGetStatusMethod = getGetStatusMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetStatusRequest, org.localdial.v1.GetStatusResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetStatus"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetStatusRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetStatusResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AdministrationMethodDescriptorSupplier("GetStatus"))
              .build();
        }
      }
    }
    return getGetStatusMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static AdministrationStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdministrationStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdministrationStub>() {
        @java.lang.Override
        public AdministrationStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdministrationStub(channel, callOptions);
        }
      };
    return AdministrationStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static AdministrationBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdministrationBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdministrationBlockingV2Stub>() {
        @java.lang.Override
        public AdministrationBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdministrationBlockingV2Stub(channel, callOptions);
        }
      };
    return AdministrationBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static AdministrationBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdministrationBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdministrationBlockingStub>() {
        @java.lang.Override
        public AdministrationBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdministrationBlockingStub(channel, callOptions);
        }
      };
    return AdministrationBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static AdministrationFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AdministrationFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AdministrationFutureStub>() {
        @java.lang.Override
        public AdministrationFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AdministrationFutureStub(channel, callOptions);
        }
      };
    return AdministrationFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates an API key. The response has its secret, which cannot be read again.
     * A caller that gets no response revokes the key that it finds by its name.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void createApiKey(org.localdial.v1.CreateApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.CreateApiKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateApiKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists API keys, without their secrets, ordered by identifier. Revoked and
     * expired keys are included.
     * </pre>
     */
    default void listApiKeys(org.localdial.v1.ListApiKeysRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListApiKeysResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListApiKeysMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives an API key a new secret. The former secret stays valid for a while,
     * so that callers can change over; the one before it ends at once. So a caller
     * that gets no response does not repeat the call, which would end the secret
     * that is in use: it creates another key.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND); FAILED_PRECONDITION
     * (API_KEY_NOT_ACTIVE).
     * </pre>
     */
    default void rotateApiKey(org.localdial.v1.RotateApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RotateApiKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRotateApiKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Ends an API key. Every server refuses it within the time in which it applies
     * other changes. Revoking a key twice is no error. Deleting an organization
     * revokes its keys.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND).
     * </pre>
     */
    default void revokeApiKey(org.localdial.v1.RevokeApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RevokeApiKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeApiKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the record of changes, newest first. Changes of a deleted organization
     * are still listed; an organization that never was has none.
     * </pre>
     */
    default void listAuditEvents(org.localdial.v1.ListAuditEventsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListAuditEventsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAuditEventsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns who the caller is by the credential of the call, and what it may do.
     * Every role may call this.
     * Errors: none of its own.
     * </pre>
     */
    default void getCaller(org.localdial.v1.GetCallerRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetCallerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCallerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns the state of the server that answers, of its database and carrier,
     * and of what is open. It asks the carrier nothing: what it says of it comes
     * from the last requests. It answers also while the database is down, for any
     * organization then.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void getStatus(org.localdial.v1.GetStatusRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetStatusResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetStatusMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service Administration.
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public static abstract class AdministrationImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return AdministrationGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service Administration.
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public static final class AdministrationStub
      extends io.grpc.stub.AbstractAsyncStub<AdministrationStub> {
    private AdministrationStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdministrationStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdministrationStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an API key. The response has its secret, which cannot be read again.
     * A caller that gets no response revokes the key that it finds by its name.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void createApiKey(org.localdial.v1.CreateApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.CreateApiKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateApiKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists API keys, without their secrets, ordered by identifier. Revoked and
     * expired keys are included.
     * </pre>
     */
    public void listApiKeys(org.localdial.v1.ListApiKeysRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListApiKeysResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListApiKeysMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives an API key a new secret. The former secret stays valid for a while,
     * so that callers can change over; the one before it ends at once. So a caller
     * that gets no response does not repeat the call, which would end the secret
     * that is in use: it creates another key.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND); FAILED_PRECONDITION
     * (API_KEY_NOT_ACTIVE).
     * </pre>
     */
    public void rotateApiKey(org.localdial.v1.RotateApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RotateApiKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRotateApiKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Ends an API key. Every server refuses it within the time in which it applies
     * other changes. Revoking a key twice is no error. Deleting an organization
     * revokes its keys.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND).
     * </pre>
     */
    public void revokeApiKey(org.localdial.v1.RevokeApiKeyRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.RevokeApiKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeApiKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the record of changes, newest first. Changes of a deleted organization
     * are still listed; an organization that never was has none.
     * </pre>
     */
    public void listAuditEvents(org.localdial.v1.ListAuditEventsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListAuditEventsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAuditEventsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns who the caller is by the credential of the call, and what it may do.
     * Every role may call this.
     * Errors: none of its own.
     * </pre>
     */
    public void getCaller(org.localdial.v1.GetCallerRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetCallerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCallerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns the state of the server that answers, of its database and carrier,
     * and of what is open. It asks the carrier nothing: what it says of it comes
     * from the last requests. It answers also while the database is down, for any
     * organization then.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void getStatus(org.localdial.v1.GetStatusRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetStatusResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetStatusMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service Administration.
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public static final class AdministrationBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<AdministrationBlockingV2Stub> {
    private AdministrationBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdministrationBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdministrationBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an API key. The response has its secret, which cannot be read again.
     * A caller that gets no response revokes the key that it finds by its name.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.CreateApiKeyResponse createApiKey(org.localdial.v1.CreateApiKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists API keys, without their secrets, ordered by identifier. Revoked and
     * expired keys are included.
     * </pre>
     */
    public org.localdial.v1.ListApiKeysResponse listApiKeys(org.localdial.v1.ListApiKeysRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListApiKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives an API key a new secret. The former secret stays valid for a while,
     * so that callers can change over; the one before it ends at once. So a caller
     * that gets no response does not repeat the call, which would end the secret
     * that is in use: it creates another key.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND); FAILED_PRECONDITION
     * (API_KEY_NOT_ACTIVE).
     * </pre>
     */
    public org.localdial.v1.RotateApiKeyResponse rotateApiKey(org.localdial.v1.RotateApiKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRotateApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends an API key. Every server refuses it within the time in which it applies
     * other changes. Revoking a key twice is no error. Deleting an organization
     * revokes its keys.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.RevokeApiKeyResponse revokeApiKey(org.localdial.v1.RevokeApiKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the record of changes, newest first. Changes of a deleted organization
     * are still listed; an organization that never was has none.
     * </pre>
     */
    public org.localdial.v1.ListAuditEventsResponse listAuditEvents(org.localdial.v1.ListAuditEventsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAuditEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns who the caller is by the credential of the call, and what it may do.
     * Every role may call this.
     * Errors: none of its own.
     * </pre>
     */
    public org.localdial.v1.GetCallerResponse getCaller(org.localdial.v1.GetCallerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCallerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the state of the server that answers, of its database and carrier,
     * and of what is open. It asks the carrier nothing: what it says of it comes
     * from the last requests. It answers also while the database is down, for any
     * organization then.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetStatusResponse getStatus(org.localdial.v1.GetStatusRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetStatusMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service Administration.
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public static final class AdministrationBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<AdministrationBlockingStub> {
    private AdministrationBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdministrationBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdministrationBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an API key. The response has its secret, which cannot be read again.
     * A caller that gets no response revokes the key that it finds by its name.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.CreateApiKeyResponse createApiKey(org.localdial.v1.CreateApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists API keys, without their secrets, ordered by identifier. Revoked and
     * expired keys are included.
     * </pre>
     */
    public org.localdial.v1.ListApiKeysResponse listApiKeys(org.localdial.v1.ListApiKeysRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListApiKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives an API key a new secret. The former secret stays valid for a while,
     * so that callers can change over; the one before it ends at once. So a caller
     * that gets no response does not repeat the call, which would end the secret
     * that is in use: it creates another key.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND); FAILED_PRECONDITION
     * (API_KEY_NOT_ACTIVE).
     * </pre>
     */
    public org.localdial.v1.RotateApiKeyResponse rotateApiKey(org.localdial.v1.RotateApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRotateApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Ends an API key. Every server refuses it within the time in which it applies
     * other changes. Revoking a key twice is no error. Deleting an organization
     * revokes its keys.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.RevokeApiKeyResponse revokeApiKey(org.localdial.v1.RevokeApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeApiKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the record of changes, newest first. Changes of a deleted organization
     * are still listed; an organization that never was has none.
     * </pre>
     */
    public org.localdial.v1.ListAuditEventsResponse listAuditEvents(org.localdial.v1.ListAuditEventsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAuditEventsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns who the caller is by the credential of the call, and what it may do.
     * Every role may call this.
     * Errors: none of its own.
     * </pre>
     */
    public org.localdial.v1.GetCallerResponse getCaller(org.localdial.v1.GetCallerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCallerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the state of the server that answers, of its database and carrier,
     * and of what is open. It asks the carrier nothing: what it says of it comes
     * from the last requests. It answers also while the database is down, for any
     * organization then.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetStatusResponse getStatus(org.localdial.v1.GetStatusRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetStatusMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service Administration.
   * <pre>
   * The API keys of a server, and the record of changes.
   * </pre>
   */
  public static final class AdministrationFutureStub
      extends io.grpc.stub.AbstractFutureStub<AdministrationFutureStub> {
    private AdministrationFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AdministrationFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AdministrationFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an API key. The response has its secret, which cannot be read again.
     * A caller that gets no response revokes the key that it finds by its name.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.CreateApiKeyResponse> createApiKey(
        org.localdial.v1.CreateApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateApiKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists API keys, without their secrets, ordered by identifier. Revoked and
     * expired keys are included.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListApiKeysResponse> listApiKeys(
        org.localdial.v1.ListApiKeysRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListApiKeysMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives an API key a new secret. The former secret stays valid for a while,
     * so that callers can change over; the one before it ends at once. So a caller
     * that gets no response does not repeat the call, which would end the secret
     * that is in use: it creates another key.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND); FAILED_PRECONDITION
     * (API_KEY_NOT_ACTIVE).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.RotateApiKeyResponse> rotateApiKey(
        org.localdial.v1.RotateApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRotateApiKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Ends an API key. Every server refuses it within the time in which it applies
     * other changes. Revoking a key twice is no error. Deleting an organization
     * revokes its keys.
     * Errors: NOT_FOUND (API_KEY_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.RevokeApiKeyResponse> revokeApiKey(
        org.localdial.v1.RevokeApiKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeApiKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the record of changes, newest first. Changes of a deleted organization
     * are still listed; an organization that never was has none.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListAuditEventsResponse> listAuditEvents(
        org.localdial.v1.ListAuditEventsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAuditEventsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns who the caller is by the credential of the call, and what it may do.
     * Every role may call this.
     * Errors: none of its own.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetCallerResponse> getCaller(
        org.localdial.v1.GetCallerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCallerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns the state of the server that answers, of its database and carrier,
     * and of what is open. It asks the carrier nothing: what it says of it comes
     * from the last requests. It answers also while the database is down, for any
     * organization then.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetStatusResponse> getStatus(
        org.localdial.v1.GetStatusRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetStatusMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_API_KEY = 0;
  private static final int METHODID_LIST_API_KEYS = 1;
  private static final int METHODID_ROTATE_API_KEY = 2;
  private static final int METHODID_REVOKE_API_KEY = 3;
  private static final int METHODID_LIST_AUDIT_EVENTS = 4;
  private static final int METHODID_GET_CALLER = 5;
  private static final int METHODID_GET_STATUS = 6;

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
        case METHODID_CREATE_API_KEY:
          serviceImpl.createApiKey((org.localdial.v1.CreateApiKeyRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.CreateApiKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_API_KEYS:
          serviceImpl.listApiKeys((org.localdial.v1.ListApiKeysRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListApiKeysResponse>) responseObserver);
          break;
        case METHODID_ROTATE_API_KEY:
          serviceImpl.rotateApiKey((org.localdial.v1.RotateApiKeyRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.RotateApiKeyResponse>) responseObserver);
          break;
        case METHODID_REVOKE_API_KEY:
          serviceImpl.revokeApiKey((org.localdial.v1.RevokeApiKeyRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.RevokeApiKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_AUDIT_EVENTS:
          serviceImpl.listAuditEvents((org.localdial.v1.ListAuditEventsRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListAuditEventsResponse>) responseObserver);
          break;
        case METHODID_GET_CALLER:
          serviceImpl.getCaller((org.localdial.v1.GetCallerRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetCallerResponse>) responseObserver);
          break;
        case METHODID_GET_STATUS:
          serviceImpl.getStatus((org.localdial.v1.GetStatusRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetStatusResponse>) responseObserver);
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
          getCreateApiKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.CreateApiKeyRequest,
              org.localdial.v1.CreateApiKeyResponse>(
                service, METHODID_CREATE_API_KEY)))
        .addMethod(
          getListApiKeysMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListApiKeysRequest,
              org.localdial.v1.ListApiKeysResponse>(
                service, METHODID_LIST_API_KEYS)))
        .addMethod(
          getRotateApiKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.RotateApiKeyRequest,
              org.localdial.v1.RotateApiKeyResponse>(
                service, METHODID_ROTATE_API_KEY)))
        .addMethod(
          getRevokeApiKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.RevokeApiKeyRequest,
              org.localdial.v1.RevokeApiKeyResponse>(
                service, METHODID_REVOKE_API_KEY)))
        .addMethod(
          getListAuditEventsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListAuditEventsRequest,
              org.localdial.v1.ListAuditEventsResponse>(
                service, METHODID_LIST_AUDIT_EVENTS)))
        .addMethod(
          getGetCallerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetCallerRequest,
              org.localdial.v1.GetCallerResponse>(
                service, METHODID_GET_CALLER)))
        .addMethod(
          getGetStatusMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetStatusRequest,
              org.localdial.v1.GetStatusResponse>(
                service, METHODID_GET_STATUS)))
        .build();
  }

  private static abstract class AdministrationBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    AdministrationBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return org.localdial.v1.AdministrationProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("Administration");
    }
  }

  private static final class AdministrationFileDescriptorSupplier
      extends AdministrationBaseDescriptorSupplier {
    AdministrationFileDescriptorSupplier() {}
  }

  private static final class AdministrationMethodDescriptorSupplier
      extends AdministrationBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    AdministrationMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (AdministrationGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new AdministrationFileDescriptorSupplier())
              .addMethod(getCreateApiKeyMethod())
              .addMethod(getListApiKeysMethod())
              .addMethod(getRotateApiKeyMethod())
              .addMethod(getRevokeApiKeyMethod())
              .addMethod(getListAuditEventsMethod())
              .addMethod(getGetCallerMethod())
              .addMethod(getGetStatusMethod())
              .build();
        }
      }
    }
    return result;
  }
}
