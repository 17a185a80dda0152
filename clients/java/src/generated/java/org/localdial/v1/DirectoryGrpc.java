package org.localdial.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * The organizations and their users. The CRM backend keeps them in step with
 * its own records.
 * Costly numbers are refused as work phones, organization numbers and caller
 * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
 * and satellite numbers, pagers, and personal numbers that follow their owner
 * outside country code 1. Landlines, mobiles and toll-free numbers of all
 * countries are accepted, unless the operator of the server lists the countries of work phones
 * and organization numbers. Only the operator can allow an organization more.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class DirectoryGrpc {

  private DirectoryGrpc() {}

  public static final java.lang.String SERVICE_NAME = "localdial.v1.Directory";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.SetOrganizationRequest,
      org.localdial.v1.SetOrganizationResponse> getSetOrganizationMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SetOrganization",
      requestType = org.localdial.v1.SetOrganizationRequest.class,
      responseType = org.localdial.v1.SetOrganizationResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.SetOrganizationRequest,
      org.localdial.v1.SetOrganizationResponse> getSetOrganizationMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.SetOrganizationRequest, org.localdial.v1.SetOrganizationResponse> getSetOrganizationMethod;
    if ((getSetOrganizationMethod = DirectoryGrpc.getSetOrganizationMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getSetOrganizationMethod = DirectoryGrpc.getSetOrganizationMethod) == null) {
          DirectoryGrpc.getSetOrganizationMethod = getSetOrganizationMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.SetOrganizationRequest, org.localdial.v1.SetOrganizationResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SetOrganization"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SetOrganizationRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SetOrganizationResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("SetOrganization"))
              .build();
        }
      }
    }
    return getSetOrganizationMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetOrganizationRequest,
      org.localdial.v1.GetOrganizationResponse> getGetOrganizationMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetOrganization",
      requestType = org.localdial.v1.GetOrganizationRequest.class,
      responseType = org.localdial.v1.GetOrganizationResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetOrganizationRequest,
      org.localdial.v1.GetOrganizationResponse> getGetOrganizationMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetOrganizationRequest, org.localdial.v1.GetOrganizationResponse> getGetOrganizationMethod;
    if ((getGetOrganizationMethod = DirectoryGrpc.getGetOrganizationMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getGetOrganizationMethod = DirectoryGrpc.getGetOrganizationMethod) == null) {
          DirectoryGrpc.getGetOrganizationMethod = getGetOrganizationMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetOrganizationRequest, org.localdial.v1.GetOrganizationResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetOrganization"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetOrganizationRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetOrganizationResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("GetOrganization"))
              .build();
        }
      }
    }
    return getGetOrganizationMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListOrganizationsRequest,
      org.localdial.v1.ListOrganizationsResponse> getListOrganizationsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListOrganizations",
      requestType = org.localdial.v1.ListOrganizationsRequest.class,
      responseType = org.localdial.v1.ListOrganizationsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListOrganizationsRequest,
      org.localdial.v1.ListOrganizationsResponse> getListOrganizationsMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListOrganizationsRequest, org.localdial.v1.ListOrganizationsResponse> getListOrganizationsMethod;
    if ((getListOrganizationsMethod = DirectoryGrpc.getListOrganizationsMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getListOrganizationsMethod = DirectoryGrpc.getListOrganizationsMethod) == null) {
          DirectoryGrpc.getListOrganizationsMethod = getListOrganizationsMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListOrganizationsRequest, org.localdial.v1.ListOrganizationsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListOrganizations"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListOrganizationsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListOrganizationsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("ListOrganizations"))
              .build();
        }
      }
    }
    return getListOrganizationsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.DeleteOrganizationRequest,
      org.localdial.v1.DeleteOrganizationResponse> getDeleteOrganizationMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteOrganization",
      requestType = org.localdial.v1.DeleteOrganizationRequest.class,
      responseType = org.localdial.v1.DeleteOrganizationResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.DeleteOrganizationRequest,
      org.localdial.v1.DeleteOrganizationResponse> getDeleteOrganizationMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.DeleteOrganizationRequest, org.localdial.v1.DeleteOrganizationResponse> getDeleteOrganizationMethod;
    if ((getDeleteOrganizationMethod = DirectoryGrpc.getDeleteOrganizationMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getDeleteOrganizationMethod = DirectoryGrpc.getDeleteOrganizationMethod) == null) {
          DirectoryGrpc.getDeleteOrganizationMethod = getDeleteOrganizationMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.DeleteOrganizationRequest, org.localdial.v1.DeleteOrganizationResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteOrganization"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteOrganizationRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteOrganizationResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("DeleteOrganization"))
              .build();
        }
      }
    }
    return getDeleteOrganizationMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.SetUserRequest,
      org.localdial.v1.SetUserResponse> getSetUserMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "SetUser",
      requestType = org.localdial.v1.SetUserRequest.class,
      responseType = org.localdial.v1.SetUserResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.SetUserRequest,
      org.localdial.v1.SetUserResponse> getSetUserMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.SetUserRequest, org.localdial.v1.SetUserResponse> getSetUserMethod;
    if ((getSetUserMethod = DirectoryGrpc.getSetUserMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getSetUserMethod = DirectoryGrpc.getSetUserMethod) == null) {
          DirectoryGrpc.getSetUserMethod = getSetUserMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.SetUserRequest, org.localdial.v1.SetUserResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "SetUser"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SetUserRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.SetUserResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("SetUser"))
              .build();
        }
      }
    }
    return getSetUserMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.GetUserRequest,
      org.localdial.v1.GetUserResponse> getGetUserMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetUser",
      requestType = org.localdial.v1.GetUserRequest.class,
      responseType = org.localdial.v1.GetUserResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.GetUserRequest,
      org.localdial.v1.GetUserResponse> getGetUserMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.GetUserRequest, org.localdial.v1.GetUserResponse> getGetUserMethod;
    if ((getGetUserMethod = DirectoryGrpc.getGetUserMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getGetUserMethod = DirectoryGrpc.getGetUserMethod) == null) {
          DirectoryGrpc.getGetUserMethod = getGetUserMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.GetUserRequest, org.localdial.v1.GetUserResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetUser"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetUserRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.GetUserResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("GetUser"))
              .build();
        }
      }
    }
    return getGetUserMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.ListUsersRequest,
      org.localdial.v1.ListUsersResponse> getListUsersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListUsers",
      requestType = org.localdial.v1.ListUsersRequest.class,
      responseType = org.localdial.v1.ListUsersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.ListUsersRequest,
      org.localdial.v1.ListUsersResponse> getListUsersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.ListUsersRequest, org.localdial.v1.ListUsersResponse> getListUsersMethod;
    if ((getListUsersMethod = DirectoryGrpc.getListUsersMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getListUsersMethod = DirectoryGrpc.getListUsersMethod) == null) {
          DirectoryGrpc.getListUsersMethod = getListUsersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.ListUsersRequest, org.localdial.v1.ListUsersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListUsers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListUsersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.ListUsersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("ListUsers"))
              .build();
        }
      }
    }
    return getListUsersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.DeleteUserRequest,
      org.localdial.v1.DeleteUserResponse> getDeleteUserMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteUser",
      requestType = org.localdial.v1.DeleteUserRequest.class,
      responseType = org.localdial.v1.DeleteUserResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.DeleteUserRequest,
      org.localdial.v1.DeleteUserResponse> getDeleteUserMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.DeleteUserRequest, org.localdial.v1.DeleteUserResponse> getDeleteUserMethod;
    if ((getDeleteUserMethod = DirectoryGrpc.getDeleteUserMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getDeleteUserMethod = DirectoryGrpc.getDeleteUserMethod) == null) {
          DirectoryGrpc.getDeleteUserMethod = getDeleteUserMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.DeleteUserRequest, org.localdial.v1.DeleteUserResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteUser"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteUserRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.DeleteUserResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("DeleteUser"))
              .build();
        }
      }
    }
    return getDeleteUserMethod;
  }

  private static volatile io.grpc.MethodDescriptor<org.localdial.v1.BatchSetUsersRequest,
      org.localdial.v1.BatchSetUsersResponse> getBatchSetUsersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "BatchSetUsers",
      requestType = org.localdial.v1.BatchSetUsersRequest.class,
      responseType = org.localdial.v1.BatchSetUsersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<org.localdial.v1.BatchSetUsersRequest,
      org.localdial.v1.BatchSetUsersResponse> getBatchSetUsersMethod() {
    io.grpc.MethodDescriptor<org.localdial.v1.BatchSetUsersRequest, org.localdial.v1.BatchSetUsersResponse> getBatchSetUsersMethod;
    if ((getBatchSetUsersMethod = DirectoryGrpc.getBatchSetUsersMethod) == null) {
      synchronized (DirectoryGrpc.class) {
        if ((getBatchSetUsersMethod = DirectoryGrpc.getBatchSetUsersMethod) == null) {
          DirectoryGrpc.getBatchSetUsersMethod = getBatchSetUsersMethod =
              io.grpc.MethodDescriptor.<org.localdial.v1.BatchSetUsersRequest, org.localdial.v1.BatchSetUsersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "BatchSetUsers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.BatchSetUsersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  org.localdial.v1.BatchSetUsersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new DirectoryMethodDescriptorSupplier("BatchSetUsers"))
              .build();
        }
      }
    }
    return getBatchSetUsersMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static DirectoryStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DirectoryStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DirectoryStub>() {
        @java.lang.Override
        public DirectoryStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DirectoryStub(channel, callOptions);
        }
      };
    return DirectoryStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static DirectoryBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DirectoryBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DirectoryBlockingV2Stub>() {
        @java.lang.Override
        public DirectoryBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DirectoryBlockingV2Stub(channel, callOptions);
        }
      };
    return DirectoryBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static DirectoryBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DirectoryBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DirectoryBlockingStub>() {
        @java.lang.Override
        public DirectoryBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DirectoryBlockingStub(channel, callOptions);
        }
      };
    return DirectoryBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static DirectoryFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<DirectoryFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<DirectoryFutureStub>() {
        @java.lang.Override
        public DirectoryFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new DirectoryFutureStub(channel, callOptions);
        }
      };
    return DirectoryFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates the organization, or replaces it as a whole: a field that is left
     * out is cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for an organization number
     * that is not allowed; ALREADY_EXISTS (NUMBER_IN_USE) if it belongs to another
     * organization.
     * </pre>
     */
    default void setOrganization(org.localdial.v1.SetOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SetOrganizationResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSetOrganizationMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns one organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void getOrganization(org.localdial.v1.GetOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetOrganizationResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetOrganizationMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists all organizations, ordered by identifier.
     * </pre>
     */
    default void listOrganizations(org.localdial.v1.ListOrganizationsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListOrganizationsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListOrganizationsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes the organization and its users. Delete its numbers first, because
     * they cost money. The records of its calls are kept.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (ORGANIZATION_HAS_NUMBERS).
     * </pre>
     */
    default void deleteOrganization(org.localdial.v1.DeleteOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteOrganizationResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteOrganizationMethod(), responseObserver);
    }

    /**
     * <pre>
     * Creates the user, or replaces it as a whole: a field that is left out is
     * cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for a caller ID or a work
     * phone that is not allowed; NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void setUser(org.localdial.v1.SetUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SetUserResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getSetUserMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns one user.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    default void getUser(org.localdial.v1.GetUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetUserResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetUserMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's users, ordered by identifier.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    default void listUsers(org.localdial.v1.ListUsersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListUsersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListUsersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes the user. The records of the user's calls are kept; call-backs that
     * would have reached the user go to the organization number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    default void deleteUser(org.localdial.v1.DeleteUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteUserResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteUserMethod(), responseObserver);
    }

    /**
     * <pre>
     * Creates or replaces many users of one organization in one transaction:
     * either all of them or none.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); INVALID_ARGUMENT
     * (INVALID_FIELDS) with the invalid fields of all users, or the first ones if
     * there are very many.
     * </pre>
     */
    default void batchSetUsers(org.localdial.v1.BatchSetUsersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.BatchSetUsersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getBatchSetUsersMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service Directory.
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public static abstract class DirectoryImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return DirectoryGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service Directory.
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public static final class DirectoryStub
      extends io.grpc.stub.AbstractAsyncStub<DirectoryStub> {
    private DirectoryStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DirectoryStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DirectoryStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the organization, or replaces it as a whole: a field that is left
     * out is cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for an organization number
     * that is not allowed; ALREADY_EXISTS (NUMBER_IN_USE) if it belongs to another
     * organization.
     * </pre>
     */
    public void setOrganization(org.localdial.v1.SetOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SetOrganizationResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSetOrganizationMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns one organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void getOrganization(org.localdial.v1.GetOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetOrganizationResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetOrganizationMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists all organizations, ordered by identifier.
     * </pre>
     */
    public void listOrganizations(org.localdial.v1.ListOrganizationsRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListOrganizationsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListOrganizationsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes the organization and its users. Delete its numbers first, because
     * they cost money. The records of its calls are kept.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (ORGANIZATION_HAS_NUMBERS).
     * </pre>
     */
    public void deleteOrganization(org.localdial.v1.DeleteOrganizationRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteOrganizationResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteOrganizationMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Creates the user, or replaces it as a whole: a field that is left out is
     * cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for a caller ID or a work
     * phone that is not allowed; NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void setUser(org.localdial.v1.SetUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.SetUserResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getSetUserMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns one user.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public void getUser(org.localdial.v1.GetUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.GetUserResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetUserMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the organization's users, ordered by identifier.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public void listUsers(org.localdial.v1.ListUsersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.ListUsersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListUsersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes the user. The records of the user's calls are kept; call-backs that
     * would have reached the user go to the organization number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public void deleteUser(org.localdial.v1.DeleteUserRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.DeleteUserResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteUserMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Creates or replaces many users of one organization in one transaction:
     * either all of them or none.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); INVALID_ARGUMENT
     * (INVALID_FIELDS) with the invalid fields of all users, or the first ones if
     * there are very many.
     * </pre>
     */
    public void batchSetUsers(org.localdial.v1.BatchSetUsersRequest request,
        io.grpc.stub.StreamObserver<org.localdial.v1.BatchSetUsersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getBatchSetUsersMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service Directory.
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public static final class DirectoryBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<DirectoryBlockingV2Stub> {
    private DirectoryBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DirectoryBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DirectoryBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the organization, or replaces it as a whole: a field that is left
     * out is cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for an organization number
     * that is not allowed; ALREADY_EXISTS (NUMBER_IN_USE) if it belongs to another
     * organization.
     * </pre>
     */
    public org.localdial.v1.SetOrganizationResponse setOrganization(org.localdial.v1.SetOrganizationRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSetOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetOrganizationResponse getOrganization(org.localdial.v1.GetOrganizationRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists all organizations, ordered by identifier.
     * </pre>
     */
    public org.localdial.v1.ListOrganizationsResponse listOrganizations(org.localdial.v1.ListOrganizationsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListOrganizationsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes the organization and its users. Delete its numbers first, because
     * they cost money. The records of its calls are kept.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (ORGANIZATION_HAS_NUMBERS).
     * </pre>
     */
    public org.localdial.v1.DeleteOrganizationResponse deleteOrganization(org.localdial.v1.DeleteOrganizationRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates the user, or replaces it as a whole: a field that is left out is
     * cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for a caller ID or a work
     * phone that is not allowed; NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.SetUserResponse setUser(org.localdial.v1.SetUserRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getSetUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one user.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetUserResponse getUser(org.localdial.v1.GetUserRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's users, ordered by identifier.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListUsersResponse listUsers(org.localdial.v1.ListUsersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListUsersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes the user. The records of the user's calls are kept; call-backs that
     * would have reached the user go to the organization number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.DeleteUserResponse deleteUser(org.localdial.v1.DeleteUserRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates or replaces many users of one organization in one transaction:
     * either all of them or none.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); INVALID_ARGUMENT
     * (INVALID_FIELDS) with the invalid fields of all users, or the first ones if
     * there are very many.
     * </pre>
     */
    public org.localdial.v1.BatchSetUsersResponse batchSetUsers(org.localdial.v1.BatchSetUsersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getBatchSetUsersMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service Directory.
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public static final class DirectoryBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<DirectoryBlockingStub> {
    private DirectoryBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DirectoryBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DirectoryBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the organization, or replaces it as a whole: a field that is left
     * out is cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for an organization number
     * that is not allowed; ALREADY_EXISTS (NUMBER_IN_USE) if it belongs to another
     * organization.
     * </pre>
     */
    public org.localdial.v1.SetOrganizationResponse setOrganization(org.localdial.v1.SetOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSetOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetOrganizationResponse getOrganization(org.localdial.v1.GetOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists all organizations, ordered by identifier.
     * </pre>
     */
    public org.localdial.v1.ListOrganizationsResponse listOrganizations(org.localdial.v1.ListOrganizationsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListOrganizationsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes the organization and its users. Delete its numbers first, because
     * they cost money. The records of its calls are kept.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (ORGANIZATION_HAS_NUMBERS).
     * </pre>
     */
    public org.localdial.v1.DeleteOrganizationResponse deleteOrganization(org.localdial.v1.DeleteOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteOrganizationMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates the user, or replaces it as a whole: a field that is left out is
     * cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for a caller ID or a work
     * phone that is not allowed; NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.SetUserResponse setUser(org.localdial.v1.SetUserRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getSetUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns one user.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.GetUserResponse getUser(org.localdial.v1.GetUserRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the organization's users, ordered by identifier.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.ListUsersResponse listUsers(org.localdial.v1.ListUsersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListUsersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes the user. The records of the user's calls are kept; call-backs that
     * would have reached the user go to the organization number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public org.localdial.v1.DeleteUserResponse deleteUser(org.localdial.v1.DeleteUserRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteUserMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates or replaces many users of one organization in one transaction:
     * either all of them or none.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); INVALID_ARGUMENT
     * (INVALID_FIELDS) with the invalid fields of all users, or the first ones if
     * there are very many.
     * </pre>
     */
    public org.localdial.v1.BatchSetUsersResponse batchSetUsers(org.localdial.v1.BatchSetUsersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getBatchSetUsersMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service Directory.
   * <pre>
   * The organizations and their users. The CRM backend keeps them in step with
   * its own records.
   * Costly numbers are refused as work phones, organization numbers and caller
   * IDs, because fraudsters earn from calls to them (toll fraud): premium-rate
   * and satellite numbers, pagers, and personal numbers that follow their owner
   * outside country code 1. Landlines, mobiles and toll-free numbers of all
   * countries are accepted, unless the operator of the server lists the countries of work phones
   * and organization numbers. Only the operator can allow an organization more.
   * </pre>
   */
  public static final class DirectoryFutureStub
      extends io.grpc.stub.AbstractFutureStub<DirectoryFutureStub> {
    private DirectoryFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected DirectoryFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new DirectoryFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the organization, or replaces it as a whole: a field that is left
     * out is cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for an organization number
     * that is not allowed; ALREADY_EXISTS (NUMBER_IN_USE) if it belongs to another
     * organization.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.SetOrganizationResponse> setOrganization(
        org.localdial.v1.SetOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSetOrganizationMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns one organization.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetOrganizationResponse> getOrganization(
        org.localdial.v1.GetOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetOrganizationMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists all organizations, ordered by identifier.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListOrganizationsResponse> listOrganizations(
        org.localdial.v1.ListOrganizationsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListOrganizationsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes the organization and its users. Delete its numbers first, because
     * they cost money. The records of its calls are kept.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); FAILED_PRECONDITION
     * (ORGANIZATION_HAS_NUMBERS).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.DeleteOrganizationResponse> deleteOrganization(
        org.localdial.v1.DeleteOrganizationRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteOrganizationMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Creates the user, or replaces it as a whole: a field that is left out is
     * cleared.
     * Errors: INVALID_ARGUMENT (INVALID_FIELDS), also for a caller ID or a work
     * phone that is not allowed; NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.SetUserResponse> setUser(
        org.localdial.v1.SetUserRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getSetUserMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns one user.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.GetUserResponse> getUser(
        org.localdial.v1.GetUserRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetUserMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the organization's users, ordered by identifier.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.ListUsersResponse> listUsers(
        org.localdial.v1.ListUsersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListUsersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes the user. The records of the user's calls are kept; call-backs that
     * would have reached the user go to the organization number.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND, USER_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.DeleteUserResponse> deleteUser(
        org.localdial.v1.DeleteUserRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteUserMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Creates or replaces many users of one organization in one transaction:
     * either all of them or none.
     * Errors: NOT_FOUND (ORGANIZATION_NOT_FOUND); INVALID_ARGUMENT
     * (INVALID_FIELDS) with the invalid fields of all users, or the first ones if
     * there are very many.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<org.localdial.v1.BatchSetUsersResponse> batchSetUsers(
        org.localdial.v1.BatchSetUsersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getBatchSetUsersMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_SET_ORGANIZATION = 0;
  private static final int METHODID_GET_ORGANIZATION = 1;
  private static final int METHODID_LIST_ORGANIZATIONS = 2;
  private static final int METHODID_DELETE_ORGANIZATION = 3;
  private static final int METHODID_SET_USER = 4;
  private static final int METHODID_GET_USER = 5;
  private static final int METHODID_LIST_USERS = 6;
  private static final int METHODID_DELETE_USER = 7;
  private static final int METHODID_BATCH_SET_USERS = 8;

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
        case METHODID_SET_ORGANIZATION:
          serviceImpl.setOrganization((org.localdial.v1.SetOrganizationRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.SetOrganizationResponse>) responseObserver);
          break;
        case METHODID_GET_ORGANIZATION:
          serviceImpl.getOrganization((org.localdial.v1.GetOrganizationRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetOrganizationResponse>) responseObserver);
          break;
        case METHODID_LIST_ORGANIZATIONS:
          serviceImpl.listOrganizations((org.localdial.v1.ListOrganizationsRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListOrganizationsResponse>) responseObserver);
          break;
        case METHODID_DELETE_ORGANIZATION:
          serviceImpl.deleteOrganization((org.localdial.v1.DeleteOrganizationRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.DeleteOrganizationResponse>) responseObserver);
          break;
        case METHODID_SET_USER:
          serviceImpl.setUser((org.localdial.v1.SetUserRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.SetUserResponse>) responseObserver);
          break;
        case METHODID_GET_USER:
          serviceImpl.getUser((org.localdial.v1.GetUserRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.GetUserResponse>) responseObserver);
          break;
        case METHODID_LIST_USERS:
          serviceImpl.listUsers((org.localdial.v1.ListUsersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.ListUsersResponse>) responseObserver);
          break;
        case METHODID_DELETE_USER:
          serviceImpl.deleteUser((org.localdial.v1.DeleteUserRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.DeleteUserResponse>) responseObserver);
          break;
        case METHODID_BATCH_SET_USERS:
          serviceImpl.batchSetUsers((org.localdial.v1.BatchSetUsersRequest) request,
              (io.grpc.stub.StreamObserver<org.localdial.v1.BatchSetUsersResponse>) responseObserver);
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
          getSetOrganizationMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.SetOrganizationRequest,
              org.localdial.v1.SetOrganizationResponse>(
                service, METHODID_SET_ORGANIZATION)))
        .addMethod(
          getGetOrganizationMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetOrganizationRequest,
              org.localdial.v1.GetOrganizationResponse>(
                service, METHODID_GET_ORGANIZATION)))
        .addMethod(
          getListOrganizationsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListOrganizationsRequest,
              org.localdial.v1.ListOrganizationsResponse>(
                service, METHODID_LIST_ORGANIZATIONS)))
        .addMethod(
          getDeleteOrganizationMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.DeleteOrganizationRequest,
              org.localdial.v1.DeleteOrganizationResponse>(
                service, METHODID_DELETE_ORGANIZATION)))
        .addMethod(
          getSetUserMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.SetUserRequest,
              org.localdial.v1.SetUserResponse>(
                service, METHODID_SET_USER)))
        .addMethod(
          getGetUserMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.GetUserRequest,
              org.localdial.v1.GetUserResponse>(
                service, METHODID_GET_USER)))
        .addMethod(
          getListUsersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.ListUsersRequest,
              org.localdial.v1.ListUsersResponse>(
                service, METHODID_LIST_USERS)))
        .addMethod(
          getDeleteUserMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.DeleteUserRequest,
              org.localdial.v1.DeleteUserResponse>(
                service, METHODID_DELETE_USER)))
        .addMethod(
          getBatchSetUsersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              org.localdial.v1.BatchSetUsersRequest,
              org.localdial.v1.BatchSetUsersResponse>(
                service, METHODID_BATCH_SET_USERS)))
        .build();
  }

  private static abstract class DirectoryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    DirectoryBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return org.localdial.v1.DirectoryProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("Directory");
    }
  }

  private static final class DirectoryFileDescriptorSupplier
      extends DirectoryBaseDescriptorSupplier {
    DirectoryFileDescriptorSupplier() {}
  }

  private static final class DirectoryMethodDescriptorSupplier
      extends DirectoryBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    DirectoryMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (DirectoryGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new DirectoryFileDescriptorSupplier())
              .addMethod(getSetOrganizationMethod())
              .addMethod(getGetOrganizationMethod())
              .addMethod(getListOrganizationsMethod())
              .addMethod(getDeleteOrganizationMethod())
              .addMethod(getSetUserMethod())
              .addMethod(getGetUserMethod())
              .addMethod(getListUsersMethod())
              .addMethod(getDeleteUserMethod())
              .addMethod(getBatchSetUsersMethod())
              .build();
        }
      }
    }
    return result;
  }
}
